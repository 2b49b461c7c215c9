#include "cli/rehearse_flags.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "rehearse/read.h"
#include "rehearse/words.h"

namespace waybill::cli {
namespace {
using rehearse::Behaviour;
using rehearse::Window;

constexpr uint64_t kSizeMax = 64ULL << 20;

std::optional<uint64_t> whole(std::string_view text) {
  uint64_t value = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (bad != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<Window> parse_window(std::string_view option, std::string_view text) {
  rehearse::Words words(std::string(option), 0, text);
  auto window = words.window();
  if (!window || !*window || !words.empty())
    return fail(Errc::invalid, "{}: '{}' is no time such as 10m..2h, ..2h or 10m..", option,
                printable(text, 40));
  return **window;
}

/// "TARGET[@WINDOW]"
Result<Trouble> target_and_window(std::string_view option, std::string_view text) {
  Trouble out;
  const size_t at = text.find('@');
  out.target = std::string(trim(text.substr(0, at)));
  if (out.target.empty())
    return fail(Errc::invalid, "{} '{}' names no host; write {} mx1@10m..2h", option, printable(text, 60),
                option);
  if (at == std::string_view::npos) return out;
  auto window = parse_window(option, text.substr(at + 1));
  if (!window) return pass(window.error());
  out.window = *window;
  return out;
}

/// A host, all of it or one of its addresses only.
struct Place {
  rehearse::Host* host;
  std::optional<IpNetwork> network;
};

std::vector<Place> places_of(const std::string& target, const std::vector<rehearse::Surveyed>& surveyed,
                             rehearse::Scenario& scenario) {
  std::vector<Place> out;
  const auto add_network = [&](const IpNetwork& network) {
    for (rehearse::Host& host : scenario.hosts) {
      if (std::ranges::any_of(host.addresses, [&](const IpAddress& ip) { return network.contains(ip); }))
        out.push_back({&host, network});
    }
  };
  if (const auto network = IpNetwork::parse(target)) {
    add_network(*network);
    return out;
  }
  const std::string bare = target.ends_with('.') ? target.substr(0, target.size() - 1) : target;
  for (rehearse::Host& host : scenario.hosts) {
    if (iequals(host.label, bare) || iequals(host.name.to_string(), bare))
      out.push_back({&host, std::nullopt});
  }
  if (!out.empty()) return out;
  const auto name = dns::Name::parse(bare);
  if (!name) return out;
  for (const rehearse::Surveyed& one : surveyed) {
    for (const rehearse::Surveyed::Host& host : one.hosts) {
      if (host.name != *name) continue;
      for (const IpAddress& ip : host.addresses) {
        if (auto network = IpNetwork::parse(ip.to_string())) add_network(*network);
      }
    }
  }
  return out;
}

std::string hosts_there_are(const rehearse::Scenario& scenario) {
  std::vector<std::string> names;
  for (const rehearse::Host& host : scenario.hosts) {
    if (!host.of_senders) names.push_back(host.name.is_root() ? host.label : host.name.to_string());
  }
  return fmt::format("{}", fmt::join(names, ", "));
}
}  // namespace

Result<std::chrono::nanoseconds> parse_rate(std::string_view text) {
  const auto wrong = [text] {
    return fail(Errc::invalid,
                "--rate '{}' is no rate such as 50/s, 3000/m, 100/h or 1000000/d, up to 1000000/s",
                printable(text, 40));
  };
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return wrong();
  const auto number = whole(text.substr(0, slash));
  const std::string_view unit = text.substr(slash + 1);
  const std::chrono::nanoseconds span = unit == "s"   ? Seconds{1}
                                        : unit == "m" ? Seconds{60}
                                        : unit == "h" ? Seconds{3600}
                                        : unit == "d" ? Seconds{86'400}
                                                      : Seconds{0};
  if (!number || *number == 0 || span.count() == 0) return wrong();
  const auto between = span / *number;
  if (between < std::chrono::microseconds{1}) return wrong();
  return between;
}

Result<uint64_t> parse_message_size(std::string_view text) {
  uint64_t unit = 1;
  std::string_view digits = text;
  if (text.ends_with('k')) unit = 1024;
  if (text.ends_with('m')) unit = 1024 * 1024;
  if (unit != 1) digits.remove_suffix(1);
  const auto number = whole(digits);
  if (!number || *number > kSizeMax / unit)
    return fail(Errc::invalid, "--size '{}' is no size such as 700, 4k or 1m, up to 64m",
                printable(text, 40));
  return *number * unit;
}

Result<Trouble> parse_trouble(std::string_view option, Behaviour::What what, std::string_view text) {
  auto out = target_and_window(option, text);
  if (out) out->what = what;
  return out;
}

Result<Trouble> parse_slow(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos)
    return fail(Errc::invalid, "--slow '{}' lacks its time; write --slow mx1=3s@10m..2h",
                printable(text, 60));
  const size_t at = text.find('@', equals);
  const std::string_view time = text.substr(equals + 1, at == std::string_view::npos ? at : at - equals - 1);
  const auto span = parse_duration(time);
  if (!span) return pass(span.error(), "--slow");
  std::string rest(text.substr(0, equals));
  if (at != std::string_view::npos) rest += text.substr(at);
  auto out = target_and_window("--slow", rest);
  if (!out) return out;
  out->what = Behaviour::What::slow;
  out->span = *span;
  return out;
}

Result<Trouble> parse_does(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || trim(text.substr(0, equals)).empty())
    return fail(Errc::invalid, "--does '{}' is not as in --does 'mx1=greylist 5m'", printable(text, 60));
  Trouble out;
  out.target = std::string(trim(text.substr(0, equals)));
  out.words = std::string(trim(text.substr(equals + 1)));
  rehearse::Host probe;
  rehearse::Words words("--does", 1, out.words);
  if (Status status = rehearse::read_behaviour(words, probe); !status) return pass(status.error());
  return out;
}

Status apply_trouble(const Trouble& trouble, const std::vector<rehearse::Surveyed>& surveyed,
                     rehearse::Scenario& scenario) {
  const auto places = places_of(trouble.target, surveyed, scenario);
  if (places.empty())
    return fail(Errc::not_found, "'{}' names no host of this rehearsal; there are {}",
                printable(trouble.target, 80), hosts_there_are(scenario));
  for (const Place& place : places) {
    if (!trouble.words.empty()) {
      rehearse::Words words("--does", 1, trouble.words);
      if (Status status = rehearse::read_behaviour(words, *place.host); !status) return status;
      continue;
    }
    Behaviour one;
    one.what = trouble.what;
    one.window = trouble.window;
    one.network = place.network;
    one.span = trouble.span;
    place.host->behaviours.push_back(std::move(one));
  }
  return {};
}

}  // namespace waybill::cli
