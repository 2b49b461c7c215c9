// route_answers.h: what the DNS said for a plan: each answer, where it came from, how long it holds, and
// whether DNSSEC proved it. Pure.
#pragma once

#include <boost/json.hpp>
#include <set>
#include <string>

#include "cli/print.h"
#include "dns/answer.h"

namespace waybill::cli {

/// "MX example.org: 10 a.example.org, 20 b.example.org  (zone file, TTL 5m, not signed)".
[[nodiscard]] std::string answer_line(const dns::Question& question, const dns::Answer& answer, Paint paint);
/// {"name","type","kind","records","chain","source","ttl","secure","why"}, in the order of the questions.
[[nodiscard]] boost::json::array answers_json(const dns::Facts& facts);

}  // namespace waybill::cli
