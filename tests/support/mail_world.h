// mail_world.h: a small made-up DNS for tests of routing: says what exists, what fails and what is forged,
// and remembers what was asked. A Resolver, so the same world serves the planner and whatever drives it.
#pragma once

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "dns/resolver.h"
#include "route/planner.h"

namespace waybill::test {

inline dns::Name name(std::string_view text) {
  auto parsed = dns::Name::parse(text);
  if (!parsed) throw std::invalid_argument(parsed.error().what);
  return *parsed;
}
inline IpAddress ip(std::string_view text) {
  auto parsed = IpAddress::parse(text);
  if (!parsed) throw std::invalid_argument(parsed.error().what);
  return *parsed;
}
inline mail::Domain domain(std::string_view text) {
  auto parsed = mail::Domain::parse(text);
  if (!parsed) throw std::invalid_argument(parsed.error().what);
  return *parsed;
}

/// A name that has any record exists: other types of it are NODATA. Names without one are NXDOMAIN.
class MailWorld final : public dns::Resolver {
 public:
  MailWorld& mx(std::string_view owner, std::vector<std::pair<uint16_t, std::string>> hosts) {
    for (auto& [preference, host] : hosts) add(owner, dns::Type::mx, dns::Mx{preference, name(host)});
    return *this;
  }
  MailWorld& host(std::string_view owner, std::vector<std::string> addresses) {
    for (const auto& text : addresses) {
      const IpAddress address = ip(text);
      add(owner, address.is_v4() ? dns::Type::a : dns::Type::aaaa, address);
    }
    return *this;
  }
  MailWorld& ptr(std::string_view address, std::string_view target) {
    add(dns::Name::reverse(ip(address)).to_string(), dns::Type::ptr, name(target));
    return *this;
  }
  MailWorld& exists(std::string_view owner) { return txt(owner); }
  MailWorld& alias(std::string_view owner, std::string_view target) {
    aliases_[name(owner)] = name(target);
    return *this;
  }
  /// This one question gets this answer, whatever else the world holds.
  MailWorld& answer(std::string_view owner, dns::Type type, dns::Answer what) {
    fixed_.insert_or_assign({name(owner), type}, std::move(what));
    return *this;
  }
  MailWorld& fails(std::string_view owner, dns::Type type) {
    return answer(owner, type, dns::Answer::failure("SERVFAIL from 192.0.2.53"));
  }
  MailWorld& forged(std::string_view owner, dns::Type type) {
    dns::Answer bogus{.kind = dns::Kind::bogus, .why = "signature expired"};
    return answer(owner, type, bogus);
  }
  MailWorld& secure(bool on = true) {
    secure_ = on;
    return *this;
  }
  MailWorld& ttl(std::string_view owner, uint32_t seconds) {
    ttls_[name(owner)] = seconds;
    return *this;
  }

  [[nodiscard]] dns::Answer look_up(const dns::Question& question) const {
    dns::Answer out{.kind = dns::Kind::nxdomain, .secure = secure_, .ttl_s = 300};
    dns::Name at = question.name;
    for (auto alias = aliases_.find(at); alias != aliases_.end(); alias = aliases_.find(at)) {
      if (out.chain.size() == 17) {
        return {.kind = dns::Kind::failed, .chain = out.chain, .loop = true, .why = "CNAME chain too long"};
      }
      if (out.chain.empty()) out.chain.push_back(at);
      at = alias->second;
      out.chain.push_back(at);
    }
    if (!out.chain.empty()) out.chain.pop_back();
    out.canonical = at;
    if (const auto exact = fixed_.find({at, question.type}); exact != fixed_.end()) return exact->second;
    for (const dns::Record& record : records_) {
      if (record.owner != at) continue;
      if (out.kind == dns::Kind::nxdomain) out.kind = dns::Kind::nodata;
      if (record.type != question.type) continue;
      out.kind = dns::Kind::present;
      out.records.push_back(record);
    }
    if (const auto ttl = ttls_.find(at); ttl != ttls_.end()) out.ttl_s = ttl->second;
    return out;
  }
  void resolve(const dns::Question& question, Done done) override {
    {
      const std::scoped_lock lock(mutex_);
      asked_.push_back(question);
    }
    done(look_up(question));
  }

  [[nodiscard]] std::vector<dns::Question> asked() const {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }
  [[nodiscard]] bool was_asked(std::string_view owner, dns::Type type) const {
    const auto all = asked();
    return std::ranges::find(all, dns::Question{name(owner), type}) != all.end();
  }
  [[nodiscard]] size_t asked_of_type(dns::Type type) const {
    const auto all = asked();
    return static_cast<size_t>(std::ranges::count(all, type, &dns::Question::type));
  }

  /// Drives the planner by hand: round by round, as a test wants to see it.
  [[nodiscard]] route::Plan plan(const route::Request& request) {
    dns::Facts facts;
    for (int round = 0; round < 8; ++round) {
      auto step = route::plan_delivery(request, facts);
      if (auto* plan = std::get_if<route::Plan>(&step)) return std::move(*plan);
      for (const dns::Question& question : std::get<Questions<dns::Question>>(step)) {
        resolve(question, [&](dns::Answer answer) { facts.put(question, std::move(answer)); });
      }
    }
    throw std::logic_error("the planner does not end");
  }
  [[nodiscard]] route::Plan plan(std::string_view to) { return plan(route::Request{.domain = domain(to)}); }

 private:
  MailWorld& txt(std::string_view owner) { return add(owner, dns::Type::txt, dns::Txt{{"it exists"}}); }
  MailWorld& add(std::string_view owner, dns::Type type, dns::Data data) {
    records_.push_back({name(owner), type, 300, std::move(data)});
    return *this;
  }

  std::vector<dns::Record> records_;
  std::map<dns::Name, dns::Name> aliases_;
  std::map<dns::Question, dns::Answer> fixed_;
  std::map<dns::Name, uint32_t> ttls_;
  bool secure_ = false;
  mutable std::mutex mutex_;
  std::vector<dns::Question> asked_;
};

/// "mx1.example.org" in the order of trying, each once.
inline std::vector<std::string> hosts_of(const route::Plan& plan) {
  std::vector<std::string> out;
  for (const auto& attempt : plan.attempts) {
    if (out.empty() || out.back() != attempt.host) out.push_back(attempt.host);
  }
  return out;
}
inline std::vector<std::string> ips_of(const route::Plan& plan) {
  std::vector<std::string> out;
  for (const auto& attempt : plan.attempts) out.push_back(attempt.ip.to_string());
  return out;
}
inline const route::Host* find_host(const route::Plan& plan, std::string_view host) {
  for (const auto& tier : plan.tiers) {
    for (const auto& candidate : tier.hosts) {
      if (candidate.name == name(host)) return &candidate;
    }
  }
  return nullptr;
}
inline bool has_rule(const route::Plan& plan, std::string_view rule) {
  return std::ranges::find(plan.steps, rule, &route::Reason::rule) != plan.steps.end();
}

}  // namespace waybill::test
