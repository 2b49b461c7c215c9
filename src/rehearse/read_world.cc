// Hosts, what they do, and what the DNS says.
#include <charconv>

#include "base/bytes.h"
#include "rehearse/read.h"
#include "rehearse/words.h"

#define TAKE(name, expression) \
  auto name = (expression);    \
  if (!name) return pass(name.error())

namespace waybill::rehearse {
namespace {
constexpr uint32_t kTtl_s = 300;
/// As the resolver's own default: how long until it gives up on silent servers.
constexpr Millis kDnsTimeout{15'000};

std::optional<Moment> moment_of(std::string_view word) {
  static constexpr std::pair<std::string_view, Moment> kAll[] = {
      {"banner", Moment::banner}, {"ehlo", Moment::ehlo}, {"starttls", Moment::starttls},
      {"mail", Moment::mail},     {"rcpt", Moment::rcpt}, {"data", Moment::data},
      {"dot", Moment::dot}};
  for (const auto& [name, moment] : kAll) {
    if (name == word) return moment;
  }
  return std::nullopt;
}

Status read_windows(Words& words, Behaviour one, Host& host) {
  bool any = false;
  while (!words.empty()) {
    TAKE(window, words.window());
    if (!*window) return words.end();
    one.window = **window;
    host.behaviours.push_back(one);
    any = true;
  }
  if (!any) host.behaviours.push_back(std::move(one));
  return {};
}

// "banner 554 5.3.2 go away 10m..2h"
Status read_reply(Words& words, Moment moment, Host& host) {
  Behaviour one;
  one.what = Behaviour::What::reply;
  one.moment = moment;
  if (moment == Moment::rcpt) {
    TAKE(pattern, words.word("a recipient"));
    one.pattern = *pattern;
  }
  TAKE(window, words.last_window());
  if (*window) one.window = **window;
  TAKE(code, words.number("a reply code"));
  if (*code < 200 || *code > 599) return words.error("a reply code is 200 to 599");
  one.reply.code = static_cast<uint16_t>(*code);
  if (auto enhanced = mail::EnhancedStatus::parse(words.peek())) {
    one.reply.enhanced = *enhanced;
    (void)words.word("");
  }
  one.reply.text = words.rest();
  if (one.reply.text.empty()) one.reply.text = "says the scenario";
  host.behaviours.push_back(std::move(one));
  return {};
}

Status read_cut(Words& words, Behaviour::What what, Host& host) {
  Behaviour one;
  one.what = what;
  if (!words.take("after")) (void)words.take("at");
  TAKE(word, words.word("a moment"));
  const auto moment = moment_of(*word);
  if (!moment) return words.error(fmt::format("'{}' is no moment of a conversation", printable(*word, 40)));
  one.moment = *moment;
  return read_windows(words, std::move(one), host);
}

Status read_down(Words& words, Behaviour::What what, Host& host) {
  Behaviour one;
  one.what = what;
  if (words.take("v4")) one.family = Behaviour::Family::v4;
  if (words.take("v6")) one.family = Behaviour::Family::v6;
  return read_windows(words, std::move(one), host);
}

Status read_counted(Words& words, Behaviour::What what, Host& host) {
  Behaviour one;
  one.what = what;
  TAKE(count, words.number("a count"));
  one.count = *count;
  return read_windows(words, std::move(one), host);
}

Status read_recipients(Words& words, Host& host) {
  Behaviour one;
  one.what = Behaviour::What::recipients;
  TAKE(window, words.last_window());
  if (*window) one.window = **window;
  while (!words.empty()) {
    TAKE(address, words.word("a recipient"));
    one.addresses.push_back(*address);
  }
  host.behaviours.push_back(std::move(one));
  return {};
}

Status read_data(Words& words, dns::Type type, dns::Record& out) {
  switch (type) {
    case dns::Type::mx: {
      TAKE(preference, words.number("a preference"));
      if (*preference > 65535) return words.error("a preference is 0 to 65535");
      TAKE(exchange, words.name("an MX host"));
      out.data = dns::Mx{static_cast<uint16_t>(*preference), *exchange};
      return {};
    }
    case dns::Type::a:
    case dns::Type::aaaa: {
      TAKE(text, words.word("an address"));
      auto ip = IpAddress::parse(*text);
      if (!ip) return words.error(ip.error());
      if (ip->is_v4() != (type == dns::Type::a)) return words.error("the address is of the other family");
      out.data = *ip;
      return {};
    }
    case dns::Type::cname: {
      TAKE(target, words.name("a target"));
      out.data = *target;
      return {};
    }
    default:
      return words.error("records of a scenario are mx, a, aaaa and cname");
  }
}

Result<bool> read_fault(Words& words, DnsFault& out) {
  if (words.take("servfail")) {
    out.why = "SERVFAIL";
  } else if (words.take("refused")) {
    out.why = "REFUSED";
  } else if (words.take("timeout")) {
    out.why = "timed out";
    out.after = kDnsTimeout;
  } else if (words.take("bogus")) {
    out.kind = dns::Kind::bogus;
    out.why = "the signature does not fit";
  } else if (words.take("nxdomain")) {
    out.kind = dns::Kind::nxdomain;
  } else if (words.take("nodata")) {
    out.kind = dns::Kind::nodata;
  } else {
    return false;
  }
  return true;
}
}  // namespace

Status read_host(Words& words, Scenario& scenario) {
  Host host;
  TAKE(label, words.word("a label"));
  host.label = *label;
  if (scenario.find_host(host.label) != nullptr) return words.error("there is a host of this label already");
  TAKE(name, words.name("a host name"));
  host.name = *name;
  while (!words.empty()) {
    TAKE(text, words.word("an address"));
    auto ip = IpAddress::parse(*text);
    if (!ip) return words.error(ip.error());
    host.addresses.push_back(*ip);
  }
  if (host.addresses.empty()) return words.error("a host has an address");
  scenario.hosts.push_back(std::move(host));
  return {};
}

Status read_behaviour(Words& words, Host& host) {
  using What = Behaviour::What;
  TAKE(key, words.word("a word"));
  if (*key == "down") return read_down(words, What::down, host);
  if (*key == "silent") return read_down(words, What::silent, host);
  if (*key == "drop") return read_cut(words, What::drop, host);
  if (*key == "hang") return read_cut(words, What::hang, host);
  if (*key == "rcpt-max") return read_counted(words, What::rcpt_max, host);
  if (*key == "connections-max") return read_counted(words, What::connections_max, host);
  if (*key == "messages-max") return read_counted(words, What::messages_max, host);
  if (*key == "rate-max") return read_counted(words, What::rate_max, host);
  if (*key == "recipients") return read_recipients(words, host);
  if (*key == "tls-fails") return read_windows(words, {.what = What::tls_fails}, host);
  if (*key == "greylist") {
    Behaviour one{.what = What::greylist};
    TAKE(span, words.time("greylist"));
    one.span = *span;
    return read_windows(words, std::move(one), host);
  }
  if (*key == "slow") {
    Behaviour one{.what = What::slow};
    TAKE(span, words.time("slow"));
    one.span = *span;
    return read_windows(words, std::move(one), host);
  }
  if (*key == "latency") {
    TAKE(latency, words.time("latency"));
    host.latency = *latency;
    return words.end();
  }
  if (*key == "offers") {
    const std::string lines = words.rest();
    host.offers.clear();
    for (const std::string_view one : split(lines, ',')) {
      if (const std::string_view line = trim(one); !line.empty() && line != "none")
        host.offers.emplace_back(line);
    }
    return {};
  }
  if (const auto moment = moment_of(*key)) return read_reply(words, *moment, host);
  return words.error(fmt::format("'{}' is nothing that a host does", printable(*key, 40)));
}

// "dns NAME TYPE DATA [WINDOW]", "dns NAME [TYPE] FAILURE [WINDOW]"
Status read_dns(Words& words, Scenario& scenario) {
  TAKE(name, words.name("a name"));
  DnsFault fault;
  fault.name = *name;
  TAKE(whole, read_fault(words, fault));
  if (!*whole) {
    TAKE(word, words.word("a record type"));
    auto type = dns::parse_type(*word);
    if (!type) return words.error(type.error());
    fault.type = *type;
    TAKE(broken, read_fault(words, fault));
    if (!*broken) {
      DnsRecord out;
      out.record.owner = *name;
      out.record.type = *type;
      out.record.ttl_s = kTtl_s;
      if (Status status = read_data(words, *type, out.record); !status) return status;
      if (words.take("ttl")) {
        TAKE(ttl, words.time("ttl"));
        out.record.ttl_s = static_cast<uint32_t>(std::chrono::duration_cast<Seconds>(*ttl).count());
      }
      TAKE(window, words.window());
      if (*window) out.window = **window;
      scenario.records.push_back(std::move(out));
      return words.end();
    }
  }
  TAKE(window, words.window());
  if (*window) fault.window = **window;
  scenario.faults.push_back(std::move(fault));
  return words.end();
}

}  // namespace waybill::rehearse
