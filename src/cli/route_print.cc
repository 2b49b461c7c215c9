#include "cli/route_print.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "cli/route_answers.h"
#include "cli/tree.h"
#include "cli/verbs.h"

namespace waybill::cli {
namespace {
using route::HostStatus;
using route::Plan;
using route::Verdict;

std::string percent(double share) {
  const double value = share * 100;
  // 25% and 33.3%: a digit more only where it tells something.
  return std::abs(value - std::round(value)) < 0.05 ? fmt::format("{:.0f}%", value)
                                                    : fmt::format("{:.1f}%", value);
}

std::string headline(std::string_view recipient, const Plan& plan, Paint paint) {
  const std::string who = painted(recipient, Colour::bold, paint);
  const Colour colour = plan.decision == Verdict::deliver  ? Colour::green
                        : plan.decision == Verdict::bounce ? Colour::red
                                                           : Colour::yellow;
  std::string verdict(to_string(plan.decision));
  if (plan.code != 0) verdict += fmt::format(" {}", plan.code);
  if (plan.enhanced.present()) verdict += fmt::format(" {}", plan.enhanced.to_string());
  return fmt::format("{}  {}  {}", who, painted(verdict, colour, paint), terminal_safe(plan.reason));
}

/// The place of an attempt in the whole order, from 1; 0: the address is not tried.
size_t place_of(const Plan& plan, const route::Tier& tier, const route::Host& host, const IpAddress& ip) {
  const std::string name = host.name.is_root() ? std::string() : host.name.to_string();
  for (size_t i = 0; i < plan.attempts.size(); ++i) {
    const route::Attempt& attempt = plan.attempts[i];
    if (attempt.ip == ip && attempt.host == name && attempt.preference == tier.preference &&
        attempt.via == tier.via)
      return i + 1;
  }
  return 0;
}

std::string host_text(const route::Host& host, Paint paint) {
  const std::string name = host.name.is_root() ? "(address)" : host.name.to_string();
  std::string out = painted(name, Colour::cyan, paint);
  if (host.status == HostStatus::ok) {
    if (host.first_share > 0 && host.first_share < 1)
      out += fmt::format("  first in {} of sends", percent(host.first_share));
    if (host.secure) out += painted("  DNSSEC", Colour::grey, paint);
    return out;
  }
  const std::string note = host.note.empty() ? std::string(to_string(host.status)) : terminal_safe(host.note);
  const Colour colour = host.status == HostStatus::temp_failure ? Colour::yellow : Colour::grey;
  const std::string_view unknown = host.status == HostStatus::temp_failure ? "unknown: " : "left out: ";
  return out + "  " + painted(fmt::format("{}{}", unknown, note), colour, paint);
}

void add_addresses(Grid& table, const Plan& plan, const route::Tier& tier, const route::Host& host) {
  for (const route::Address& address : host.addresses) {
    const size_t place = place_of(plan, tier, host, address.ip);
    if (place == 0) {
      if (host.status != HostStatus::ok) continue;  // the host's own line says why
      table.row({{"-", Colour::grey},
                 {address.ip.to_string(), Colour::grey},
                 {address.usable ? "over the limit or tried before" : "not used", Colour::grey}});
      continue;
    }
    const route::Attempt& attempt = plan.attempts[place - 1];
    std::string share =
        attempt.first_share > 0 ? fmt::format("{} first", percent(attempt.first_share)) : std::string();
    table.row({{fmt::format("{}.", place)},
               {attempt.ip.to_string()},
               {fmt::format("port {}", attempt.port)},
               {std::move(share), Colour::green}});
  }
}

/// The facts in the order in which a reader wants them; each is told once.
class Told {
 public:
  Told(const dns::Facts* facts, Paint paint) : facts_(facts), paint_(paint) {}

  void tell(Tree& under, const dns::Question& question) {
    const dns::Answer* answer = facts_ == nullptr ? nullptr : facts_->find(question);
    if (answer != nullptr && told_.insert(question).second) under.add(answer_line(question, *answer, paint_));
  }
  void tell_rest(Tree& root) {
    if (facts_ == nullptr) return;
    Tree rest{.text = "asked as well"};
    for (const auto& [question, answer] : *facts_) tell(rest, question);
    if (!rest.children.empty()) root.children.push_back(std::move(rest));
  }

 private:
  const dns::Facts* facts_;
  Paint paint_;
  std::set<dns::Question> told_;
};

void add_lines(Tree& under, const std::string& lines) {
  for (size_t at = 0; at < lines.size();) {
    const size_t end = lines.find('\n', at);
    under.add(lines.substr(at, end - at));
    at = end == std::string::npos ? lines.size() : end + 1;
  }
}

void add_tiers(Tree& root, const Plan& plan, Told& told, Paint paint) {
  const bool ways = std::ranges::any_of(plan.tiers, [](const route::Tier& tier) { return tier.via > 0; });
  for (const route::Tier& tier : plan.tiers) {
    Tree* place = &root;
    if (ways) place = &root.add(fmt::format("way {}, preference {}", tier.via + 1, tier.preference));
    if (plan.source == route::HostSource::mx)
      place = &root.add(fmt::format("preference {}", tier.preference));
    for (const route::Host& host : tier.hosts) {
      Tree& node = place->add(host_text(host, paint));
      told.tell(node, {host.name, dns::Type::a});
      told.tell(node, {host.name, dns::Type::aaaa});
      Grid table(0);
      add_addresses(table, plan, tier, host);
      add_lines(node, table.to_string(paint));
    }
  }
}
}  // namespace

std::string plan_text(std::string_view recipient, const Plan& plan, Paint paint, const Explained& more) {
  Tree root{.text = headline(recipient, plan, paint)};
  for (const std::string& note : more.notes)
    root.add(painted(fmt::format("note: {}", note), Colour::yellow, paint));
  Told told(more.facts, paint);
  if (more.facts != nullptr) {
    for (const auto& [question, answer] : *more.facts) {
      if (question.type == dns::Type::mx) told.tell(root, question);
    }
  }
  add_tiers(root, plan, told, paint);
  told.tell_rest(root);
  if (!plan.steps.empty()) {
    Tree& because = root.add("because");
    size_t number = 0;
    for (const route::Reason& reason : plan.steps) {
      std::string line = fmt::format("{}. {}", ++number, terminal_safe(reason.text));
      if (!reason.ref.empty()) line += painted(fmt::format("  [{}]", reason.ref), Colour::grey, paint);
      because.add(std::move(line));
    }
  }
  return to_string(root);
}

std::string plan_json(std::string_view recipient, const Plan& plan, const Explained& more) {
  boost::json::array attempts;
  for (const route::Attempt& attempt : plan.attempts) {
    attempts.push_back(boost::json::object{{"preference", attempt.preference},
                                           {"way", attempt.via},
                                           {"host", attempt.host},
                                           {"ip", attempt.ip.to_string()},
                                           {"port", attempt.port},
                                           {"first_share", attempt.first_share},
                                           {"secure", attempt.secure && plan.mx_secure}});
  }
  boost::json::array steps;
  for (const route::Reason& reason : plan.steps) {
    steps.push_back(boost::json::object{
        {"rule", reason.rule}, {"ref", reason.ref}, {"text", repaired_utf8(reason.text)}});
  }
  boost::json::array hosts;
  for (const route::Tier& tier : plan.tiers) {
    for (const route::Host& host : tier.hosts) {
      hosts.push_back(boost::json::object{{"preference", tier.preference},
                                          {"host", host.name.is_root() ? "" : host.name.to_string()},
                                          {"status", to_string(host.status)},
                                          {"first_share", host.first_share},
                                          {"note", repaired_utf8(host.note)}});
    }
  }
  boost::json::object line{{"recipient", repaired_utf8(recipient)}, {"decision", to_string(plan.decision)}};
  line["enhanced_status"] =
      plan.enhanced.present() ? boost::json::value(plan.enhanced.to_string()) : boost::json::value(nullptr);
  line["reason"] = repaired_utf8(plan.reason);
  line["attempts"] = std::move(attempts);
  line["steps"] = std::move(steps);
  line["code"] = plan.code == 0 ? boost::json::value(nullptr) : boost::json::value(plan.code);
  line["why"] = to_string(plan.why);
  line["source"] = to_string(plan.source);
  line["secure"] = plan.secure;
  line["ttl"] = plan.ttl_s;
  line["site"] = plan.site_key;
  line["hosts"] = std::move(hosts);
  boost::json::array remarks;
  for (const std::string& note : more.notes) remarks.emplace_back(repaired_utf8(note));
  line["notes"] = std::move(remarks);
  if (more.facts != nullptr) line["answers"] = answers_json(*more.facts);
  return json_line(line);
}

int exit_of(const Plan& plan) {
  switch (plan.decision) {
    case Verdict::deliver:
      return exit_ok;
    case Verdict::discard:
    case Verdict::hold:
      return exit_ok;  // that is where the mail goes
    case Verdict::bounce:
      return exit_findings;
    case Verdict::defer:
      return exit_unknown;
  }
  return exit_unknown;
}

}  // namespace waybill::cli
