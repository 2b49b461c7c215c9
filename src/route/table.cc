#include "route/table.h"

#include <algorithm>

#include "base/bytes.h"

namespace waybill::route {
namespace {
/// The key under which a pattern is kept: folded to lower-case A-labels.
Result<std::string> normalise(std::string_view pattern) {
  if (pattern == "*") return std::string("*");
  const bool wildcard = pattern.starts_with("*.");
  const auto domain = mail::Domain::parse(wildcard ? pattern.substr(2) : pattern);
  if (!domain) return pass(domain.error(), fmt::format("bad route pattern '{}'", printable(pattern, 80)));
  if (wildcard && domain->is_literal()) {
    return fail(Errc::invalid, "bad route pattern '{}': nothing lies below an address",
                printable(pattern, 80));
  }
  return wildcard ? "*." + domain->text() : domain->text();
}

/// From the most specific to the widest.
std::vector<std::string> patterns_for(const mail::Domain& domain) {
  const std::string& text = domain.text();
  std::vector<std::string> out{text};
  if (!domain.is_literal()) {
    for (size_t dot = text.find('.'); dot != std::string::npos; dot = text.find('.', dot + 1))
      out.push_back("*" + text.substr(dot));
  }
  out.emplace_back("*");
  return out;
}

template <class Pattern>
std::string list(const std::vector<Pattern>& patterns) {
  std::string out;
  for (const Pattern& one : patterns) out += (out.empty() ? "" : ", ") + one.to_string();
  return out;
}

std::string sender_text(const mail::ReversePath& from) { return fmt::format("<{}>", mail::to_string(from)); }

/// Why this entry is not for that mail; empty: it is.
std::string objection(const Entry& entry, const Query& query) {
  if (!entry.senders.empty()) {
    if (!query.sender)
      return fmt::format("it is for senders {}, and the sender is not known", list(entry.senders));
    const auto fits = [&](const mail::SenderPattern& one) { return one.matches(*query.sender); };
    if (std::ranges::none_of(entry.senders, fits))
      return fmt::format("it is for senders {}, and the sender is {}", list(entry.senders),
                         sender_text(*query.sender));
  }
  if (!entry.listeners.empty()) {
    if (query.listener.empty())
      return fmt::format("it is for mail from listeners {}, and the listener is not known",
                         list(entry.listeners));
    const auto fits = [&](const mail::ListenerPattern& one) { return one.matches(query.listener); };
    if (std::ranges::none_of(entry.listeners, fits))
      return fmt::format("it is for mail from listeners {}, and this came in by {}", list(entry.listeners),
                         printable(query.listener, 80));
  }
  if (query.released && entry.way.kind == Way::Kind::hold) return "an operator released this mail from hold";
  return {};
}

std::string conditions(const Entry& entry) {
  std::string out;
  if (!entry.senders.empty()) out += " for senders " + list(entry.senders);
  if (!entry.listeners.empty())
    out += (out.empty() ? " for listeners " : ", listeners ") + list(entry.listeners);
  return out;
}
}  // namespace

std::string Entry::to_string() const { return fmt::format("\"{}\"{}", pattern, conditions(*this)); }

Status RouteTable::add(Entry entry) {
  auto key = normalise(entry.pattern);
  if (!key) return pass(key.error());
  std::vector<Entry>& same = entries_[*key];
  // One that takes all leaves nothing to a later one.
  if (!same.empty() && !same.back().conditional())
    return fail(Errc::exists, "the route pattern '{}' stands there twice", *key);
  entry.pattern = std::move(*key);
  same.push_back(std::move(entry));
  return {};
}

Status RouteTable::add(std::string_view pattern, std::string_view way) {
  auto parsed = Way::parse(way);
  if (!parsed) return pass(parsed.error());
  Entry entry;
  entry.pattern = pattern;
  entry.way = std::move(*parsed);
  return add(std::move(entry));
}

Choice RouteTable::choose(const Query& query) const {
  Choice out;
  // RFC 5321 5.1: a backup sends to better MXs only. Any other way may lead back here.
  if (query.role == Role::backup || entries_.empty()) return out;
  for (const std::string& pattern : patterns_for(query.domain)) {
    const auto at = entries_.find(pattern);
    if (at == entries_.end()) continue;
    for (const Entry& entry : at->second) {
      out.considered.push_back({&entry, objection(entry, query)});
      if (!out.considered.back().passed_over.empty()) continue;
      out.entry = &entry;
      out.way = entry.way;
      return out;
    }
  }
  return out;
}

Way RouteTable::find(const mail::Domain& domain, Role role) const {
  return choose({.domain = domain, .role = role, .sender = std::nullopt, .listener = {}}).way;
}

std::string RouteTable::match(const mail::Domain& domain, Role role) const {
  const Choice choice = choose({.domain = domain, .role = role, .sender = std::nullopt, .listener = {}});
  return choice.entry == nullptr ? std::string() : choice.entry->pattern;
}

size_t RouteTable::size() const {
  size_t out = 0;
  for (const auto& [pattern, same] : entries_) out += same.size();
  return out;
}

void explain(const Choice& choice, const Query& query, Plan& plan) {
  std::vector<Reason> steps;
  if (query.role == Role::backup) {
    steps.push_back(
        {"route.backup", "RFC 5321 5.1",
         "This host is a backup for the domain: no entry of the route table applies, only the MX."});
  }
  for (const Choice::Considered& one : choice.considered) {
    if (one.passed_over.empty()) {
      steps.push_back({"route.table", "",
                       fmt::format("The route table's entry {} applies: {}.", one.entry->to_string(),
                                   one.entry->way.to_string())});
    } else {
      steps.push_back({"route.passed", "",
                       fmt::format("The route table's entry {} is passed over: {}.", one.entry->to_string(),
                                   one.passed_over)});
    }
  }
  plan.steps.insert(plan.steps.begin(), std::make_move_iterator(steps.begin()),
                    std::make_move_iterator(steps.end()));
}

}  // namespace waybill::route
