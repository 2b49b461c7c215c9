#include "route/survey.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "route/inbox.h"
#include "route/planner.h"

namespace waybill::route {
namespace {
/// Addresses whose reverse is looked up for one domain.
constexpr size_t kPtrAddressesMax = 200;

MailStatus status_of(const Plan& plan) {
  switch (plan.why) {
    case Why::no_domain:
      return MailStatus::no_domain;
    case Why::null_mx:
      return MailStatus::null_mx;
    case Why::bogus:
      return MailStatus::bogus;
    case Why::ok:
      return MailStatus::ok;
    case Why::no_mail:
    case Why::alias_loop:
    case Why::reserved_only:
      return MailStatus::no_mail;
    default:
      return MailStatus::temp_failure;  // what is not known is never reported as missing
  }
}

/// The reader wants the DNS's own facts: lists every host, whatever a sender would make of it.
Request request_for(const mail::Domain& domain) {
  Request request{.domain = domain};
  request.options.hosts_max = 500;
  request.options.addresses_per_preference_max = 1000;
  request.options.reserved = Reserved::allow;  // shown as it stands; `route` and `check` judge it
  return request;
}

dns::Answer mx_answer(const mail::Domain& domain, const dns::Facts& facts) {
  const auto name = dns::Name::parse(domain.text());
  const dns::Answer* answer = name ? facts.find({*name, dns::Type::mx}) : nullptr;
  return answer == nullptr ? dns::Answer::failure("not asked") : *answer;
}
}  // namespace

std::string_view to_string(MailStatus status) {
  switch (status) {
    case MailStatus::ok:
      return "ok";
    case MailStatus::no_domain:
      return "no_domain";
    case MailStatus::no_mail:
      return "no_mail";
    case MailStatus::null_mx:
      return "null_mx";
    case MailStatus::temp_failure:
      return "temp_failure";
    case MailStatus::bogus:
      return "bogus";
  }
  return "temp_failure";
}

Step<Survey, dns::Question> survey_domain(const mail::Domain& domain, AskPtr ask_ptr,
                                          const dns::Facts& facts) {
  auto step = plan_delivery(request_for(domain), facts);
  auto* plan = std::get_if<Plan>(&step);
  if (plan == nullptr) return std::get<Questions<dns::Question>>(std::move(step));
  Survey out{.domain = domain, .status = status_of(*plan), .mx = mx_answer(domain, facts)};
  Questions<dns::Question> open;
  for (const Tier& tier : plan->tiers) {
    for (const Host& host : tier.hosts) {
      for (const Address& address : host.addresses) {
        if (out.ptr.contains(address.ip)) continue;
        const bool ask = ask_ptr == AskPtr::yes && out.ptr.size() < kPtrAddressesMax;
        out.ptr.emplace(address.ip, ask ? dns::assess_reverse(address.ip, facts, open) : dns::Ptr{});
      }
    }
  }
  if (!open.empty()) return open;
  out.plan = std::move(*plan);
  return out;
}

void gather_survey(mail::Domain domain, AskPtr ask_ptr, dns::Resolver& resolver, Post post,
                   std::function<void(Survey)> done) {
  auto decide = [domain, ask_ptr](const dns::Facts& facts) { return survey_domain(domain, ask_ptr, facts); };
  auto finish = [domain, done = std::move(done)](const Survey* survey, const dns::Facts&) {
    // No verdict is a bug of ours; the default status of a survey is temp_failure.
    done(survey == nullptr ? Survey{.domain = domain} : *survey);
  };
  waybill::Decision<Survey, dns::Question, dns::Answer>::run(
      std::move(decide), ask_through(resolver, std::move(post)), std::move(finish));
}

std::vector<Survey> survey_blocking(const std::vector<mail::Domain>& domains, AskPtr ask_ptr,
                                    dns::Resolver& resolver) {
  const auto inbox = std::make_shared<Inbox>();
  std::vector<Survey> out(domains.size());
  size_t left = domains.size();
  for (size_t i = 0; i < domains.size(); ++i) {
    gather_survey(
        domains[i], ask_ptr, resolver, [inbox](std::function<void()> job) { inbox->post(std::move(job)); },
        [&out, &left, i](Survey survey) {
          out[i] = std::move(survey);
          --left;
        });
  }
  while (left > 0) inbox->run_one();
  return out;
}

}  // namespace waybill::route
