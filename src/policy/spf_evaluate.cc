#include "policy/spf_evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/bytes.h"

namespace waybill::policy {
namespace {

/// `open`: an answer is missing, so nothing can be said yet.
enum class Match : uint8_t { no, yes, open, temperror, permerror };

bool same_network(const IpAddress& a, const IpAddress& b, int bits) {
  if (a.is_v4() != b.is_v4()) return false;
  for (int bit = 0; bit < bits; bit += 8) {
    const auto at = static_cast<size_t>(bit / 8);
    const auto mask = static_cast<uint8_t>(0xff << (8 - std::min(8, bits - bit)));
    if ((a.octets()[at] & mask) != (b.octets()[at] & mask)) return false;
  }
  return true;
}

SpfResult result_of(SpfQualifier qualifier) {
  switch (qualifier) {
    case SpfQualifier::pass:
      return SpfResult::pass;
    case SpfQualifier::neutral:
      return SpfResult::neutral;
    case SpfQualifier::softfail:
      return SpfResult::softfail;
    case SpfQualifier::fail:
      return SpfResult::fail;
  }
  return SpfResult::neutral;
}

class Evaluator {
 public:
  Evaluator(const SpfRequest& request, const dns::Facts& facts) : request_(request), facts_(facts) {}

  Step<SpfVerdict, dns::Question> run() {
    // RFC 7208 4.3: a domain that is malformed or has a single label gives "none".
    if (!request_.domain || request_.domain->labels() < 2) {
      verdict_.why = "the sender's domain is none that could have an SPF record";
      return verdict_;
    }
    const auto result = check_host(*request_.domain);
    if (!result) return Questions<dns::Question>(open_.begin(), open_.end());
    verdict_.result = *result;
    return verdict_;
  }

 private:
  /// nullptr: open.
  const dns::Answer* ask(const dns::Name& name, dns::Type type) {
    dns::Question question{name, type};
    const dns::Answer* answer = facts_.find(question);
    if (answer == nullptr) open_.insert(std::move(question));
    return answer;
  }
  [[nodiscard]] dns::Type address_type() const {
    return request_.ip.is_v4() ? dns::Type::a : dns::Type::aaaa;
  }

  /// nullopt: open.
  std::optional<SpfResult> check_host(const dns::Name& domain) {
    if (std::ranges::find(path_, domain) != path_.end())
      return end(SpfResult::permerror, domain, "", "the record includes itself, so its lookups have no end");
    path_.push_back(domain);
    const auto result = read_host(domain);
    path_.pop_back();
    return result;
  }

  std::optional<SpfResult> read_host(const dns::Name& domain) {
    const dns::Answer* answer = ask(domain, dns::Type::txt);
    if (answer == nullptr) return std::nullopt;
    if (answer->unknown())  // 4.4
      return end(SpfResult::temperror, domain, "",
                 fmt::format("TXT of {} could not be had: {}", domain.to_string(), answer->why));
    const SpfTexts texts = spf_texts(*answer);
    if (texts.texts.empty())  // 4.5
      return end(SpfResult::none, domain, "", fmt::format("{} has no SPF record", domain.to_string()));
    if (texts.texts.size() > 1)
      return end(SpfResult::permerror, domain, "",
                 fmt::format("{} has {} SPF records", domain.to_string(), texts.texts.size()));
    const SpfRecord record = parse_spf(texts.texts.front());
    if (!record.faults.empty())  // 4.6: anywhere in the record, at once
      return end(SpfResult::permerror, domain, record.faults.front().term, record.faults.front().what);
    return walk(domain, record);
  }

  std::optional<SpfResult> walk(const dns::Name& domain, const SpfRecord& record) {
    bool pending = false;
    for (const SpfTerm& term : record.terms) {
      if (term.is_modifier()) continue;
      const Match match = try_term(domain, term);
      if (match == Match::no) continue;
      // Behind an open answer nothing is certain: what comes there may be asked, and no more.
      pending = pending || match == Match::open;
      if (match == Match::open) continue;
      if (pending) return std::nullopt;
      if (match == Match::temperror || match == Match::permerror)
        return match == Match::temperror ? SpfResult::temperror : SpfResult::permerror;
      const SpfResult result = result_of(term.qualifier);
      return end(
          result, domain, term.text,
          fmt::format("'{}' of {} holds for {}", term.text, domain.to_string(), request_.ip.to_string()));
    }
    const SpfTerm* redirect = record.find(SpfKind::redirect);
    if (redirect == nullptr || record.find(SpfKind::all) != nullptr) {  // 6.1
      if (pending) return std::nullopt;
      return end(
          SpfResult::neutral, domain, "",
          fmt::format("no term of {} holds for {}", domain.to_string(), request_.ip.to_string()));  // 4.7
    }
    const auto result = follow(domain, *redirect);
    return pending ? std::nullopt : result;
  }

  /// redirect= (6.1)
  std::optional<SpfResult> follow(const dns::Name& domain, const SpfTerm& term) {
    if (!count(domain, term)) return SpfResult::permerror;
    const auto target = target_of(domain, term);
    if (target.open) return std::nullopt;
    if (!target.name) return end(SpfResult::permerror, domain, term.text, "it expands to no domain name");
    const auto result = check_host(*target.name);
    if (result == SpfResult::none)
      return end(SpfResult::permerror, domain, term.text,
                 fmt::format("{} has no SPF record", target.name->to_string()));
    return result;
  }

  Match try_term(const dns::Name& domain, const SpfTerm& term) {
    if (term.is_lookup() && !count(domain, term)) return Match::permerror;
    switch (term.kind) {
      case SpfKind::all:
        return Match::yes;
      case SpfKind::ip4:
        return request_.ip.is_v4() && same_network(request_.ip, term.ip, term.bits_v4) ? Match::yes
                                                                                       : Match::no;
      case SpfKind::ip6:
        return request_.ip.is_v6() && same_network(request_.ip, term.ip, term.bits_v6) ? Match::yes
                                                                                       : Match::no;
      default:
        break;
    }
    const Target target = target_of(domain, term);
    if (target.open) return Match::open;
    if (term.kind == SpfKind::include) return include(domain, term, target.name);
    if (!target.name) return Match::no;  // 4.8: a name that can't exist
    switch (term.kind) {
      case SpfKind::a:
        return address(domain, term, *target.name);
      case SpfKind::mx:
        return exchanges(domain, term, *target.name);
      case SpfKind::exists:
        return exists(domain, term, *target.name);
      case SpfKind::ptr:
        return pointer(domain, term, *target.name);
      default:
        return Match::no;
    }
  }

  /// 5.2
  Match include(const dns::Name& domain, const SpfTerm& term, const std::optional<dns::Name>& target) {
    if (!target) {
      end(SpfResult::permerror, domain, term.text, "it expands to no domain name");
      return Match::permerror;
    }
    const auto result = check_host(*target);
    if (!result) return Match::open;
    switch (*result) {
      case SpfResult::pass:
        return Match::yes;
      case SpfResult::temperror:
        return Match::temperror;
      case SpfResult::permerror:
        return Match::permerror;
      case SpfResult::none:
        end(SpfResult::permerror, domain, term.text,
            fmt::format("{} has no SPF record", target->to_string()));
        return Match::permerror;
      default:
        return Match::no;
    }
  }

  /// One host's addresses against the client's; a void lookup is counted by the caller.
  Match host(const dns::Name& name, const SpfTerm& term, const dns::Answer*& answer) {
    answer = ask(name, address_type());
    if (answer == nullptr) return Match::open;
    if (answer->unknown()) return Match::temperror;
    const int bits = request_.ip.is_v4() ? term.bits_v4 : term.bits_v6;
    for (const dns::Record& record : answer->records) {
      const auto* ip = std::get_if<IpAddress>(&record.data);
      if (ip != nullptr && same_network(request_.ip, *ip, bits)) return Match::yes;
    }
    return Match::no;
  }

  /// 5.3
  Match address(const dns::Name& domain, const SpfTerm& term, const dns::Name& name) {
    const dns::Answer* answer = nullptr;
    const Match match = host(name, term, answer);
    if (match == Match::temperror) failed(domain, term, name, address_type(), *answer);
    if (match == Match::no && answer->absent() && !count_void(domain, term)) return Match::permerror;
    return match;
  }

  /// 5.4. All hosts are asked side by side; one that holds counts more than one that could not be asked.
  Match exchanges(const dns::Name& domain, const SpfTerm& term, const dns::Name& name) {
    const dns::Answer* mx = ask(name, dns::Type::mx);
    if (mx == nullptr) return Match::open;
    if (mx->unknown()) return failed(domain, term, name, dns::Type::mx, *mx);
    if (mx->absent() && !count_void(domain, term)) return Match::permerror;
    if (mx->records.size() > kSpfMxHostsMax) {  // 4.6.4
      end(SpfResult::permerror, domain, term.text,
          fmt::format("{} has {} MX hosts, and more than 10 may not be asked", name.to_string(),
                      mx->records.size()));
      return Match::permerror;
    }
    const dns::Answer* unknown = nullptr;
    const dns::Name* unknown_name = nullptr;
    int voids = 0;
    bool open = false;
    for (const dns::Record& record : mx->records) {
      const auto* exchange = std::get_if<dns::Mx>(&record.data);
      if (exchange == nullptr || exchange->exchange.is_root()) continue;
      const dns::Answer* answer = nullptr;
      const Match match = host(exchange->exchange, term, answer);
      if (match == Match::yes) return open ? Match::open : Match::yes;
      open = open || match == Match::open;
      if (match == Match::temperror) {
        unknown = answer;
        unknown_name = &exchange->exchange;
      }
      if (match == Match::no && answer->absent()) ++voids;
    }
    if (open) return Match::open;
    if (unknown != nullptr) return failed(domain, term, *unknown_name, address_type(), *unknown);
    for (; voids > 0; --voids) {
      if (!count_void(domain, term)) return Match::permerror;
    }
    return Match::no;
  }

  /// 5.7: A records, whatever the client's family.
  Match exists(const dns::Name& domain, const SpfTerm& term, const dns::Name& name) {
    const dns::Answer* answer = ask(name, dns::Type::a);
    if (answer == nullptr) return Match::open;
    if (answer->unknown()) return failed(domain, term, name, dns::Type::a, *answer);
    if (answer->present()) return Match::yes;
    return count_void(domain, term) ? Match::no : Match::permerror;
  }

  /// 5.5: a failure only means that it does not hold.
  Match pointer(const dns::Name& domain, const SpfTerm& term, const dns::Name& name) {
    const dns::Answer* ptr = ask(dns::Name::reverse(request_.ip), dns::Type::ptr);
    if (ptr == nullptr) return Match::open;
    if (ptr->absent() && !count_void(domain, term)) return Match::permerror;
    const auto names = validated();
    if (!names) return Match::open;
    const bool any = std::ranges::any_of(*names, [&](const dns::Name& each) { return each.is_within(name); });
    return any ? Match::yes : Match::no;
  }

  /// The client's reverse names that lead back to its address: of the first ten (4.6.4), in order. nullopt:
  /// open.
  std::optional<std::vector<dns::Name>> validated() {
    const dns::Answer* ptr = ask(dns::Name::reverse(request_.ip), dns::Type::ptr);
    if (ptr == nullptr) return std::nullopt;
    std::vector<dns::Name> out;
    bool open = false;
    for (size_t i = 0; i < std::min(ptr->records.size(), kSpfPtrNamesMax); ++i) {
      const auto* name = std::get_if<dns::Name>(&ptr->records[i].data);
      if (name == nullptr) continue;
      static const SpfTerm kExact{.kind = SpfKind::a};
      const dns::Answer* answer = nullptr;
      const Match match = host(*name, kExact, answer);
      open = open || match == Match::open;
      if (match == Match::yes) out.push_back(*name);
    }
    if (open) return std::nullopt;
    return out;
  }

  struct Target {
    bool open = false;
    std::optional<dns::Name> name;
  };
  /// The domain itself where the term names none.
  Target target_of(const dns::Name& domain, const SpfTerm& term) {
    if (!term.target) return {.name = domain};
    SpfMacroValues values{.local = request_.local,
                          .sender_domain = request_.sender_domain,
                          .domain = domain.to_string(),
                          .ip = request_.ip,
                          .validated = "unknown",
                          .helo = request_.helo};
    if (term.target->uses("p")) {
      const auto names = validated();
      if (!names) return {.open = true};
      if (const auto proved = best_of(*names, domain)) values.validated = proved->to_string();
    }
    return {.name = name_of_expansion(expand_macros(*term.target, values))};
  }

  /// 7.3: the domain itself before a name below it before any other.
  static std::optional<dns::Name> best_of(const std::vector<dns::Name>& names, const dns::Name& domain) {
    if (names.empty()) return std::nullopt;
    if (std::ranges::find(names, domain) != names.end()) return domain;
    const auto below =
        std::ranges::find_if(names, [&](const dns::Name& name) { return name.is_within(domain); });
    return below == names.end() ? names.front() : *below;
  }

  bool count(const dns::Name& domain, const SpfTerm& term) {
    if (++verdict_.lookups <= kSpfLookupsMax) return true;
    end(SpfResult::permerror, domain, term.text, "more than 10 lookups are needed");  // 4.6.4
    return false;
  }
  bool count_void(const dns::Name& domain, const SpfTerm& term) {
    if (++verdict_.void_lookups <= kSpfVoidLookupsMax) return true;
    end(SpfResult::permerror, domain, term.text, "more than 2 lookups found nothing");  // 4.6.4
    return false;
  }
  Match failed(const dns::Name& domain, const SpfTerm& term, const dns::Name& name, dns::Type type,
               const dns::Answer& answer) {
    end(SpfResult::temperror, domain, term.text,
        fmt::format("{} of {} could not be had: {}", dns::to_string(type), name.to_string(), answer.why));
    return Match::temperror;
  }
  SpfResult end(SpfResult result, const dns::Name& domain, std::string_view term, std::string why) {
    verdict_.why = std::move(why);
    verdict_.term = term;
    verdict_.domain = domain;
    return result;
  }

  const SpfRequest& request_;
  const dns::Facts& facts_;
  std::set<dns::Question> open_;
  std::vector<dns::Name> path_;
  SpfVerdict verdict_;
};
}  // namespace

std::string_view to_string(SpfResult result) {
  switch (result) {
    case SpfResult::none:
      return "none";
    case SpfResult::neutral:
      return "neutral";
    case SpfResult::pass:
      return "pass";
    case SpfResult::fail:
      return "fail";
    case SpfResult::softfail:
      return "softfail";
    case SpfResult::temperror:
      return "temperror";
    case SpfResult::permerror:
      return "permerror";
  }
  return "none";
}

SpfRequest spf_mail_from(const IpAddress& ip, const mail::ReversePath& from, std::string_view helo) {
  SpfRequest out{.ip = ip, .domain = std::nullopt, .helo = std::string(helo)};
  mail::Domain domain;
  if (from) {
    domain = from->domain;
    if (!from->local.empty()) out.local = from->local;
  } else if (auto parsed = mail::Domain::parse(helo)) {
    domain = std::move(*parsed);  // RFC 7208 2.4
  }
  out.sender_domain = from ? domain.text() : std::string(helo);
  if (domain.empty() || domain.is_literal()) return out;
  if (auto name = dns::Name::parse(domain.text())) out.domain = std::move(*name);
  return out;
}

Step<SpfVerdict, dns::Question> evaluate_spf(const SpfRequest& request, const dns::Facts& facts) {
  return Evaluator(request, facts).run();
}

}  // namespace waybill::policy
