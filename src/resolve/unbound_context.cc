#include "resolve/unbound_context.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unbound-event.h>
#include <unbound.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "dns/zone_file.h"

namespace waybill::resolve {
namespace {

/// IANA's root keys: KSK-2017 and KSK-2024 (https://data.iana.org/root-anchors/root-anchors.xml).
constexpr std::array<const char*, 2> kRootAnchors{
    ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
    ". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16"};

/// Zones that libunbound answers by itself as empty, so that they never reach the root servers. A lab
/// forwards to a server that has them.
constexpr std::array<const char*, 10> kBuiltInZones{
    "localhost.",
    "127.in-addr.arpa.",
    "test.",
    "invalid.",
    "home.arpa.",
    "onion.",
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.",
    "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.",
    "255.255.255.255.in-addr.arpa.",
    "0.in-addr.arpa."};

thread_local std::string complaint;

/// libunbound writes its log through here, on the thread of the query that it speaks of: the reason of a
/// SERVFAIL comes right before the callback, and nowhere else.
ssize_t catch_log(void*, const char* octets, size_t count) {
  constexpr size_t kComplaintOctetsMax = 4096;
  if (complaint.size() > kComplaintOctetsMax) complaint.erase(0, complaint.size() - kComplaintOctetsMax / 2);
  complaint.append(octets, count);
  return static_cast<ssize_t>(count);
}

/// One for the process: libunbound's log is global to it. Never closed, because a context may outlive
/// anything.
FILE* log_catcher() {
  static FILE* const catcher = [] {
    FILE* file =
        fopencookie(nullptr, "w", {.read = nullptr, .write = catch_log, .seek = nullptr, .close = nullptr});
    if (file != nullptr) setvbuf(file, nullptr, _IONBF, 0);
    return file;
  }();
  return catcher;
}

/// Each socket that waits for an answer takes a descriptor; most of them belong to SMTP.
size_t sockets_max() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 128;
  return std::clamp<size_t>(limit.rlim_cur / 4, 64, 2048);
}

Status set(ub_ctx* context, const char* option, const std::string& value) {
  const int error = ub_ctx_set_option(context, option, value.c_str());
  if (error == 0) return {};
  return fail(Errc::internal, "libunbound does not take {} {}: {}", option, value, ub_strerror(error));
}

Status set_limits(ub_ctx* context) {
  const std::array<std::pair<const char*, std::string>, 15> settings{{
      {"log-servfail:", "yes"},
      {"val-log-squelch:", "no"},
      {"outgoing-range:", fmt::format("{}", sockets_max())},
      {"num-queries-per-thread:", "4096"},
      {"outgoing-num-tcp:", "64"},
      {"msg-cache-size:", "16m"},
      {"rrset-cache-size:", "32m"},
      {"cache-max-ttl:", "86400"},
      // A server that was down is asked again soon, not after a quarter of an hour.
      {"infra-host-ttl:", "60"},
      {"infra-keep-probing:", "yes"},
      {"infra-cache-max-rtt:", "4000"},
      {"harden-glue:", "yes"},
      {"harden-dnssec-stripped:", "yes"},
      {"qname-minimisation:", "yes"},
      {"use-caps-for-id:", "no"},
  }};
  for (const auto& [option, value] : settings) {
    if (auto status = set(context, option, value); !status) return status;
  }
  return {};
}

Status set_forwarding(ub_ctx* context, const Options& options) {
  for (const Endpoint& server : options.servers) {
    const std::string address = fmt::format("{}@{}", server.ip.to_string(), server.port);
    if (const int error = ub_ctx_set_fwd(context, address.c_str()); error != 0) {
      return fail(Errc::invalid, "cannot forward to {}: {}", server.to_string(), ub_strerror(error));
    }
  }
  if (auto status = set(context, "do-not-query-localhost:", "no"); !status) return status;
  // The reverse zones of private networks (RFC 6303): the server asked may well hold them, unsigned.
  if (auto status = set(context, "unblock-lan-zones:", "yes"); !status) return status;
  return set(context, "insecure-lan-zones:", "yes");
}

/// Ends the configuration: libunbound reads its trust anchors and makes its built-in zones only then, with
/// the first such call. (Its option `local-zone: NAME nodefault` has no effect through ub_ctx_set_option
/// in 1.17.)
Status remove_zone(ub_ctx* context, const char* zone) {
  if (const int error = ub_ctx_zone_remove(context, zone); error != 0) {
    const std::string said = take_unbound_complaint();
    return fail(Errc::invalid, "libunbound cannot start: {} {}", ub_strerror(error), said);
  }
  return {};
}

Status finish_configuration(ub_ctx* context, Mode mode) {
  if (mode == Mode::recursive) return remove_zone(context, "no-such-zone.invalid.");
  for (const char* zone : kBuiltInZones) {
    if (auto status = remove_zone(context, zone); !status) return status;
  }
  return {};
}

/// libunbound itself would only say "initialization failure".
Status check_anchor(const char* anchor) {
  const dns::ZoneFile read = dns::read_zone_text(anchor, "trust anchor", {.default_ttl_s = 0});
  if (!read.errors.empty()) {
    return fail(Errc::invalid, "the trust anchor '{}': {}", printable(anchor), read.errors[0].what);
  }
  const auto fits = [](const dns::ZoneRecord& each) {
    return each.record.type == dns::Type::ds || each.record.type == dns::Type::dnskey;
  };
  if (read.records.size() == 1 && fits(read.records[0])) return {};
  return fail(Errc::invalid, "the trust anchor '{}' is no DS or DNSKEY record", printable(anchor));
}

Status set_dnssec(ub_ctx* context, const Options& options) {
  if (!options.dnssec) return set(context, "module-config:", "iterator");
  if (auto status = set(context, "module-config:", "validator iterator"); !status) return status;
  const auto add = [context](const char* anchor) -> Status {
    if (auto status = check_anchor(anchor); !status) return status;
    if (const int error = ub_ctx_add_ta(context, anchor); error != 0) {
      return fail(Errc::invalid, "cannot use the trust anchor '{}': {}", printable(anchor),
                  ub_strerror(error));
    }
    return {};
  };
  for (const std::string& anchor : options.trust_anchors) {
    if (auto status = add(anchor.c_str()); !status) return status;
  }
  if (!options.trust_anchors.empty()) return {};
  for (const char* anchor : kRootAnchors) {
    if (auto status = add(anchor); !status) return status;
  }
  return {};
}

}  // namespace

void UnboundDeleter::operator()(ub_ctx* context) const { ub_ctx_delete(context); }

Result<UnboundContext> make_unbound_context(event_base* base, const Options& options) {
  UnboundContext context(ub_ctx_create_event(base));
  if (!context) return fail(Errc::internal, "libunbound cannot start");
  ub_ctx_debugout(context.get(), log_catcher());
  if (auto status = set_limits(context.get()); !status) return std::unexpected(status.error());
  if (options.mode == Mode::forward) {
    if (auto status = set_forwarding(context.get(), options); !status) return std::unexpected(status.error());
  }
  if (auto status = set_dnssec(context.get(), options); !status) return std::unexpected(status.error());
  if (auto status = finish_configuration(context.get(), options.mode); !status) {
    return std::unexpected(status.error());
  }
  return context;
}

std::string take_unbound_complaint() {
  std::string text = std::exchange(complaint, {});
  while (text.ends_with('\n')) text.pop_back();
  // "[1700000000] libunbound[12:0] error: SERVFAIL <a. A IN>: all servers failed, ..." - the last line
  // counts.
  if (const size_t line = text.rfind('\n'); line != std::string::npos) text.erase(0, line + 1);
  if (const size_t at = text.find("SERVFAIL <"); at != std::string::npos) {
    const size_t reason = text.find(">: ", at);
    return printable(reason == std::string::npos ? "SERVFAIL" : std::string_view(text).substr(reason + 3),
                     300);
  }
  // Whatever else it said ends in why it could not start.
  const size_t error = text.find("error: ");
  return error == std::string::npos ? std::string()
                                    : printable(std::string_view(text).substr(error + 7), 300);
}

}  // namespace waybill::resolve
