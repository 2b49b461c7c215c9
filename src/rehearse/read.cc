#include "rehearse/read.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "mail/address.h"
#include "rehearse/words.h"

// `auto x = words.f(); if (!x) return pass(x.error());`, which every word of a line needs.
#define TAKE(name, expression) \
  auto name = (expression);    \
  if (!name) return pass(name.error())

namespace waybill::rehearse {
namespace {
Status read_address(Words& words, std::string text, std::string& out) {
  if (text == "<>") {
    out.clear();
    return {};
  }
  // The number is put in later; any one will do to see whether it is an address.
  std::string probe = text;
  for (size_t at = probe.find("{n}"); at != std::string::npos; at = probe.find("{n}"))
    probe.replace(at, 3, "1");
  if (auto address = mail::Address::parse(probe); !address) return words.error(address.error());
  out = std::move(text);
  return {};
}

Status read_notify(Words& words, uint8_t& out) {
  TAKE(text, words.word("notify"));
  for (const std::string_view part : split(*text, ',')) {
    if (part == "never") {
      out |= mail::notify_never;
    } else if (part == "success") {
      out |= mail::notify_success;
    } else if (part == "failure") {
      out |= mail::notify_failure;
    } else if (part == "delay") {
      out |= mail::notify_delay;
    } else {
      return words.error(
          fmt::format("notify: '{}' is none of never, success, failure, delay", printable(part)));
    }
  }
  return {};
}

Status read_size(Words& words, uint64_t& out) {
  TAKE(text, words.word("size"));
  uint64_t unit = 1;
  if (text->ends_with('k')) unit = 1024;
  if (text->ends_with('m')) unit = 1024 * 1024;
  if (unit != 1) text->pop_back();
  uint64_t number = 0;
  const auto [end, bad] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (bad != std::errc{} || end != text->data() + text->size() || number > 64 * 1024 * 1024 / unit)
    return words.error("size: a number up to 64m, such as 4k");
  out = number * unit;
  return {};
}

Status read_send(Words& words, Millis at, Scenario& scenario) {
  Injection out;
  out.at = at;
  if (!words.take("from")) return words.error("'from' is missing");
  TAKE(from, words.word("a sender"));
  if (Status status = read_address(words, *from, out.from); !status) return status;
  if (!words.take("to")) return words.error("'to' is missing");
  TAKE(to, words.word("a recipient"));
  for (const std::string_view one : split(*to, ',')) {
    if (Status status = read_address(words, std::string(one), out.to.emplace_back()); !status) return status;
    if (out.to.back().empty()) return words.error("nobody can be written to at <>");
  }
  while (!words.empty()) {
    if (words.take("size")) {
      if (Status status = read_size(words, out.size_octets); !status) return status;
    } else if (words.take("count")) {
      TAKE(count, words.number("count"));
      if (*count == 0 || *count > 10'000'000) return words.error("count: 1 to 10000000");
      out.count = *count;
    } else if (words.take("every")) {
      TAKE(every, words.time("every"));
      out.every = *every;
    } else if (words.take("notify")) {
      if (Status status = read_notify(words, out.notify); !status) return status;
    } else {
      break;
    }
  }
  scenario.injections.push_back(std::move(out));
  return words.end();
}

Status read_at(Words& words, Scenario& scenario) {
  TAKE(at, words.time("at"));
  if (words.take("send")) return read_send(words, *at, scenario);
  if (words.take("clock")) {
    TAKE(by, words.signed_time("clock"));
    scenario.jumps.push_back({*at, *by});
    return words.end();
  }
  const bool retry = words.take("retry");
  if (retry || words.take("etrn")) {
    TAKE(domain, words.word("a domain, or * for all"));
    if (!retry && *domain == "*") return words.error("ETRN names a domain");
    scenario.demands.push_back(
        {*at, retry ? Demand::By::retry : Demand::By::etrn, *domain == "*" ? "" : std::move(*domain)});
    return words.end();
  }
  return words.error("after the time comes 'send', 'clock', 'retry' or 'etrn'");
}

// "recovery start-rate 10 growth 2 every 5s rate-max 200 pause 10s", each part may be left out
Status read_recovery(Words& words, deliver::RampSettings& out) {
  const auto rate = [&words](std::string_view name, double& value) -> Status {
    TAKE(number, words.number(name));
    if (*number == 0 || *number > 100'000) return words.error(fmt::format("{}: 1 to 100000", name));
    value = static_cast<double>(*number);
    return {};
  };
  while (!words.empty()) {
    Status status;
    if (words.take("start-rate")) {
      status = rate("start-rate", out.start_rate);
    } else if (words.take("growth")) {
      status = rate("growth", out.growth);
    } else if (words.take("rate-max")) {
      status = rate("rate-max", out.rate_max);
    } else if (words.take("every")) {
      TAKE(every, words.time("every"));
      out.grow_every = *every;
    } else if (words.take("pause")) {
      TAKE(pause, words.time("pause"));
      out.pause = *pause;
    } else {
      return words.end();
    }
    if (!status) return status;
  }
  return {};
}

Status read_rate_max(Words& words, Scenario& scenario) {
  TAKE(domain, words.name("a domain"));
  TAKE(number, words.number("messages a second"));
  if (*number == 0 || *number > 100'000) return words.error("rate-max: 1 to 100000");
  scenario.rate_max[domain->to_string()] = static_cast<double>(*number);
  return words.end();
}

Status read_self(Words& words, Scenario& scenario) {
  if (words.take("address")) {
    TAKE(text, words.word("an address"));
    auto ip = IpAddress::parse(*text);
    if (!ip) return words.error(ip.error());
    scenario.self.addresses.push_back(*ip);
  } else {
    TAKE(name, words.name("a name of our own"));
    scenario.self.names.push_back(*name);
  }
  return words.end();
}

Status read_route(Words& words, Scenario& scenario) {
  TAKE(pattern, words.word("a pattern"));
  if (!words.take("via")) return words.error("'via' is missing");
  if (words.empty()) return words.error("a route is missing: [a.example], [b.example]");
  if (Status added = scenario.routes.add(*pattern, words.rest()); !added) return words.error(added.error());
  return {};
}

Status read_retry(Words& words, Scenario& scenario) {
  TAKE(text, words.word("retry"));
  scenario.schedule.retry_after.clear();
  for (const std::string_view part : split(*text, ',')) {
    auto wait = parse_duration(part);
    if (!wait) return words.error(wait.error());
    scenario.schedule.retry_after.push_back(*wait);
  }
  if (Status valid = queue::validate(scenario.schedule); !valid) return words.error(valid.error());
  return words.end();
}

Status read_time(Words& words, std::string_view what, Millis& out) {
  TAKE(value, words.time(what));
  out = *value;
  return words.end();
}

Status read_setting(Words& words, const std::string& key, Scenario& scenario) {
  if (key == "hostname") {
    TAKE(name, words.name("hostname"));
    scenario.hostname = name->to_string();
    return words.end();
  }
  if (key == "seed") {
    TAKE(seed, words.number("seed"));
    scenario.seed = *seed;
    return words.end();
  }
  if (key == "backup") {
    TAKE(domain, words.name("a domain"));
    scenario.backup_domains.push_back(domain->to_string());
    return words.end();
  }
  if (key == "jitter") {
    TAKE(percent, words.number("jitter, in percent"));
    if (*percent > 100) return words.error("jitter: 0 to 100 percent");
    scenario.schedule.jitter = static_cast<double>(*percent) / 100;
    return words.end();
  }
  if (key == "recovery") return read_recovery(words, scenario.deliver.ramp);
  if (key == "rate-max") return read_rate_max(words, scenario);
  if (key == "self") return read_self(words, scenario);
  if (key == "route") return read_route(words, scenario);
  if (key == "retry") return read_retry(words, scenario);
  if (key == "expire") return read_time(words, key, scenario.schedule.expire_after);
  if (key == "delay-notice") return read_time(words, key, scenario.schedule.delay_notice_after);
  if (key == "run") return read_time(words, key, scenario.run.emplace());
  return words.error(fmt::format("'{}' is no word of a scenario", printable(key, 40)));
}

Status read_line(Words& words, std::string_view text, bool indented, Scenario& scenario) {
  if (indented) {
    if (scenario.hosts.empty())
      return words.error("an indented line belongs to a host, and there is none yet");
    return read_behaviour(words, scenario.hosts.back());
  }
  TAKE(key, words.word("a word"));
  if (*key == "host") return read_host(words, scenario);
  if (*key == "dns") return read_dns(words, scenario);
  if (*key == "at") return read_at(words, scenario);
  if (*key == "expect") return read_expectation(words, text, scenario);
  return read_setting(words, *key, scenario);
}
}  // namespace

Result<Scenario> read_scenario(std::string_view text, const std::string& file) {
  Scenario out;
  out.file = file;
  int number = 0;
  for (const std::string_view line : split(text, '\n')) {
    Words words(file, ++number, line);
    if (words.empty()) continue;
    const bool indented = line.starts_with(' ') || line.starts_with('\t');
    if (Status status = read_line(words, trim(line), indented, out); !status) return pass(status.error());
  }
  if (out.expectations.empty()) return fail(Errc::invalid, "{}:{}: nothing is expected", file, number);
  return out;
}

}  // namespace waybill::rehearse
