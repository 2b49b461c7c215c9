// survey.h: who receives mail for a domain, as `waybill lookup` tells it: the planner's own reading of the
// DNS, every host and address, and whether each address's name in the reverse DNS agrees (RFC 8601 2.7.3).
// Pure; gather_survey() drives it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/decide.h"
#include "dns/resolver.h"
#include "dns/reverse.h"
#include "route/gather.h"
#include "route/plan.h"
#include "route/request.h"

namespace waybill::route {

/// What `lookup` reports; the contract of its JSON.
enum class MailStatus : uint8_t { ok, no_domain, no_mail, null_mx, temp_failure, bogus };
[[nodiscard]] std::string_view to_string(MailStatus status);

struct Survey {
  mail::Domain domain;
  MailStatus status = MailStatus::temp_failure;
  Plan plan;  ///< as a sender without any special rules would make it
  std::map<IpAddress, dns::Ptr> ptr;
  dns::Answer mx;  ///< the MX answer itself
};

enum class AskPtr : uint8_t { yes, no };

[[nodiscard]] Step<Survey, dns::Question> survey_domain(const mail::Domain& domain, AskPtr ask_ptr,
                                                        const dns::Facts& facts);

/// Thread rule and promise as gather().
void gather_survey(mail::Domain domain, AskPtr ask_ptr, dns::Resolver& resolver, Post post,
                   std::function<void(Survey)> done);
/// Several at once, answers in the order of `domains`; each as if alone.
[[nodiscard]] std::vector<Survey> survey_blocking(const std::vector<mail::Domain>& domains, AskPtr ask_ptr,
                                                  dns::Resolver& resolver);

}  // namespace waybill::route
