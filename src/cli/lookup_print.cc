#include "cli/lookup_print.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/version.h"
#include "cli/verbs.h"

namespace waybill::cli {
namespace {
using dns::PtrStatus;
using route::HostStatus;
using route::MailStatus;
using route::Survey;

/// The contract knows four states of a host.
std::string_view contract_status(HostStatus status) {
  switch (status) {
    case HostStatus::no_address:
      return "no_address";
    case HostStatus::temp_failure:
    case HostStatus::over_limit:
      return "temp_failure";
    case HostStatus::invalid:
      return "invalid";
    default:
      return "ok";
  }
}

/// In a fixed order: only senders shuffle. An implicit MX without an address is no host at all.
std::vector<route::Host> sorted_hosts(const Survey& survey, const route::Tier& tier) {
  std::vector<route::Host> hosts = tier.hosts;
  if (survey.plan.source == route::HostSource::implicit) {
    std::erase_if(hosts, [](const route::Host& host) { return host.status == HostStatus::no_address; });
  }
  std::ranges::sort(hosts, {}, &route::Host::name);
  const auto v4_first = [](const route::Address& a) { return std::pair(a.ip.is_v6(), a.ip); };
  for (route::Host& host : hosts) std::ranges::sort(host.addresses, {}, v4_first);
  return hosts;
}

/// JSON by hand: objects of boost's would be a fifth of what a name costs in a list of millions.
void put_text(std::string& out, std::string_view text) {
  const bool plain =
      std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; });
  if (!plain) {
    out += boost::json::serialize(boost::json::string_view(text.data(), text.size()));
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

void put_number(std::string& out, uint32_t number) { out += fmt::format_int(number).c_str(); }

void put_address(std::string& out, const Survey& survey, const route::Address& address) {
  const dns::Ptr& ptr = survey.ptr.at(address.ip);
  out += "{\"ip\":";
  put_text(out, address.ip.to_string());
  out += ",\"ptr\":";
  if (ptr.name.empty()) {
    out += "null";
  } else {
    put_text(out, ptr.name);
  }
  const bool known = ptr.status != PtrStatus::unknown && ptr.status != PtrStatus::not_asked;
  out += ",\"ptr_ok\":";
  out += !known ? "null" : ptr.status == PtrStatus::agrees ? "true" : "false";
  out += ",\"ptr_status\":";
  put_text(out, to_string(ptr.status));
  out += ",\"ttl\":";
  put_number(out, address.ttl_s);
  out += '}';
}

void put_host(std::string& out, const Survey& survey, uint16_t preference, const route::Host& host) {
  out += "{\"preference\":";
  put_number(out, preference);
  out += ",\"host\":";
  put_text(out, host.name.to_string());
  out += ",\"status\":";
  put_text(out, contract_status(host.status));
  out += ",\"addresses\":[";
  for (const route::Address& address : host.addresses) {
    if (&address != &host.addresses.front()) out += ',';
    put_address(out, survey, address);
  }
  out += "],\"secure\":";
  out += host.secure ? "true" : "false";
  if (!host.note.empty()) {
    out += ",\"note\":";
    put_text(out, repaired_utf8(host.note));
  }
  out += '}';
}

/// Everything that was said is proved. Where no host is left to prove, the MX answer is all that was said.
bool all_secure(const Survey& survey) {
  const bool no_hosts = survey.status == MailStatus::no_domain || survey.status == MailStatus::null_mx;
  return no_hosts ? survey.mx.secure : survey.plan.secure;
}

std::string json_text(const Survey& survey, std::string_view input) {
  std::string out = "{\"v\":1,\"domain\":";
  put_text(out, survey.domain.text());
  out += ",\"status\":";
  put_text(out, to_string(survey.status));
  out += ",\"source\":";
  put_text(out, to_string(survey.plan.source));
  out += ",\"secure\":";
  out += all_secure(survey) ? "true" : "false";
  out += ",\"ttl\":";
  put_number(out, survey.mx.unknown() ? 0 : survey.mx.ttl_s);
  out += ",\"mx\":[";
  bool first = true;
  for (const route::Tier& tier : survey.plan.tiers) {
    for (const route::Host& host : sorted_hosts(survey, tier)) {
      if (!std::exchange(first, false)) out += ',';
      put_host(out, survey, tier.preference, host);
    }
  }
  out += "],\"reason\":";
  put_text(out, repaired_utf8(survey.plan.reason));
  if (!input.empty() && input != survey.domain.text()) {
    out += ",\"input\":";
    put_text(out, repaired_utf8(input));
  }
  return out + "}\n";
}

std::vector<const dns::Mx*> mx_records(const Survey& survey) {
  std::vector<const dns::Mx*> out;
  for (const dns::Record& record : survey.mx.records) {
    if (const auto* mx = std::get_if<dns::Mx>(&record.data)) out.push_back(mx);
  }
  std::ranges::sort(out, [](const dns::Mx* a, const dns::Mx* b) {
    return std::pair(a->preference, a->exchange) < std::pair(b->preference, b->exchange);
  });
  return out;
}

std::string absolute(const dns::Name& name) { return name.is_root() ? "." : name.to_string() + "."; }

/// The response code that an ordinary tool would have seen: bogus answers reach it as SERVFAIL.
std::string_view rcode_of(const Survey& survey) {
  if (survey.mx.unknown()) return "SERVFAIL";
  return survey.mx.kind == dns::Kind::nxdomain ? "NXDOMAIN" : "NOERROR";
}

/// Where each link of the chain leads, in order.
std::vector<dns::Name> alias_targets(const Survey& survey) {
  std::vector<dns::Name> targets;
  const auto& chain = survey.mx.chain;
  for (size_t i = 0; i < chain.size(); ++i)
    targets.push_back(i + 1 < chain.size() ? chain[i + 1] : survey.mx.canonical);
  return targets;
}

/// That tool shows no chain that ends in NXDOMAIN or SERVFAIL, and says nothing more of one that ends without
/// MX.
std::string host_text(const Survey& survey) {
  const std::string& domain = survey.domain.text();
  if (survey.mx.unknown()) return fmt::format("Host {} not found: 2(SERVFAIL)\n", domain);
  if (survey.mx.kind == dns::Kind::nxdomain) return fmt::format("Host {} not found: 3(NXDOMAIN)\n", domain);
  const auto& chain = survey.mx.chain;
  const auto targets = alias_targets(survey);
  std::string out;
  for (size_t i = 0; i < chain.size(); ++i)
    out += fmt::format("{} is an alias for {}.\n", chain[i].to_string(), targets[i].to_string());
  if (survey.mx.kind == dns::Kind::nodata)
    return chain.empty() ? fmt::format("{} has no MX record\n", domain) : out;
  const std::string owner = chain.empty() ? domain : survey.mx.canonical.to_string();
  for (const dns::Mx* mx : mx_records(survey)) {
    out += fmt::format("{} mail is handled by {} {}\n", owner, mx->preference, absolute(mx->exchange));
  }
  return out;
}

/// dig's line: fields at columns 24, 32, 40, 48; by tabs of 8 where one can be crossed, else by blanks, one
/// at least.
class DigLine {
 public:
  explicit DigLine(std::string_view name) { add(name); }
  DigLine& at(size_t column, std::string_view text) {
    column = std::max(column, column_ + 1);
    const size_t tabs = column / 8 - column_ / 8;
    if (tabs > 0) column_ = column / 8 * 8;
    out_.append(tabs, '\t').append(column - column_, ' ');
    column_ = column;
    return add(text);
  }
  [[nodiscard]] std::string take() { return std::move(out_) + "\n"; }

 private:
  DigLine& add(std::string_view text) {
    out_ += text;
    column_ += text.size();
    return *this;
  }
  std::string out_;
  size_t column_ = 0;
};

std::string dig_line(const dns::Name& owner, uint32_t ttl_s, std::string_view type, std::string_view data) {
  return DigLine(absolute(owner)).at(24, std::to_string(ttl_s)).at(32, "IN").at(40, type).at(48, data).take();
}

std::string dig_text(const Survey& survey) {
  std::string answers;
  size_t count = 0;
  const auto targets = alias_targets(survey);
  for (size_t i = 0; i < targets.size() && !survey.mx.unknown(); ++i, ++count)
    answers += dig_line(survey.mx.chain[i], survey.mx.ttl_s, "CNAME", absolute(targets[i]));
  for (const dns::Record& record : survey.mx.records) {
    const auto* mx = std::get_if<dns::Mx>(&record.data);
    if (mx == nullptr) continue;
    answers += dig_line(record.owner, record.ttl_s, "MX",
                        fmt::format("{} {}", mx->preference, absolute(mx->exchange)));
    ++count;
  }
  std::string out = fmt::format("\n; <<>> waybill {} <<>> {} MX\n;; global options: +cmd\n;; Got answer:\n",
                                kVersion, survey.domain.text());
  out += fmt::format(";; ->>HEADER<<- opcode: QUERY, status: {}, id: 0\n", rcode_of(survey));
  out += fmt::format(";; flags: qr rd ra{}; QUERY: 1, ANSWER: {}, AUTHORITY: 0, ADDITIONAL: 0\n\n",
                     survey.mx.secure ? " ad" : "", count);
  // Its columns are counted without the semicolon.
  out += ";; QUESTION SECTION:\n;" + DigLine(survey.domain.text() + ".").at(32, "IN").at(40, "MX").take();
  if (!answers.empty()) out += "\n;; ANSWER SECTION:\n" + answers;
  if (survey.mx.unknown()) out += fmt::format("\n;; {}\n", terminal_safe(survey.mx.why));
  return out + "\n";
}

std::string brief_text(const Survey& survey, LookupFormat format) {
  // As `dig +short`: the records alone, with the final dot of an absolute name.
  if (format == LookupFormat::dig || format == LookupFormat::host) {
    if (survey.mx.unknown())
      return fmt::format(";; {}: {}\n", survey.domain.text(), terminal_safe(survey.mx.why));
    std::string out;
    for (const dns::Name& target : alias_targets(survey)) out += absolute(target) + "\n";
    for (const dns::Mx* mx : mx_records(survey)) {
      out += fmt::format("{} {}\n", mx->preference, absolute(mx->exchange));
    }
    return out;
  }
  if (exit_of(survey) == exit_unknown) {
    return fmt::format("{} {}: {}\n", survey.domain.text(), to_string(survey.status),
                       terminal_safe(survey.plan.reason));
  }
  std::string out;
  for (const route::Tier& tier : survey.plan.tiers) {
    for (const route::Host& host : sorted_hosts(survey, tier)) {
      out += fmt::format("{} {}\n", tier.preference, host.name.to_string());
    }
  }
  return out;
}

GridCell status_cell(const route::Host& host) {
  if (contract_status(host.status) == "ok") return {};
  const bool unknown = contract_status(host.status) == "temp_failure";
  const std::string note = terminal_safe(host.note);
  return {unknown ? fmt::format("unknown: {}", note) : note, unknown ? Colour::yellow : Colour::red};
}

GridCell ptr_cell(const dns::Ptr& ptr) {
  switch (ptr.status) {
    case PtrStatus::agrees:
      return {ptr.name + " (agrees)", Colour::green};
    case PtrStatus::disagrees:
      return {ptr.name + " (does not resolve back)", Colour::yellow};
    case PtrStatus::none:
      return {"no PTR", Colour::yellow};
    case PtrStatus::unknown:
      return {"unknown", Colour::yellow};
    case PtrStatus::not_asked:
      return {};
  }
  return {};
}

std::string headline(const Survey& survey, Paint paint) {
  const route::Plan& plan = survey.plan;
  const std::string domain = painted(survey.domain.text(), Colour::bold, paint);
  const std::string dnssec = plan.secure      ? "DNSSEC secure"
                             : plan.mx_secure ? "DNSSEC: MX secure, addresses not"
                                              : "no DNSSEC";
  switch (survey.status) {
    case MailStatus::ok:
      return fmt::format(
          "{}  {}  {}, TTL {}\n", domain,
          painted(plan.source == route::HostSource::implicit ? "no MX: its own address takes the mail" : "MX",
                  Colour::green, paint),
          dnssec, format_ttl(survey.mx.ttl_s));
    case MailStatus::temp_failure:
    case MailStatus::bogus:
      return fmt::format(
          "{}  {}\n", domain,
          painted(fmt::format("unknown ({}): {}", to_string(survey.status), terminal_safe(plan.reason)),
                  Colour::yellow, paint));
    default:
      return fmt::format("{}  {}\n", domain,
                         painted(fmt::format("takes no mail ({}): {}", to_string(survey.status), plan.reason),
                                 Colour::red, paint));
  }
}

/// Lines for what an operator should mend or know; the rest of the reasons is `waybill route`'s.
bool is_worth_a_note(const route::Reason& reason) {
  return reason.rule == "mx.alias" || reason.rule == "host.alias" || reason.rule.starts_with("mx.null-");
}

std::string table_text(const Survey& survey, Paint paint) {
  std::string out = headline(survey, paint);
  Grid table(2);
  for (const route::Tier& tier : survey.plan.tiers) {
    for (const route::Host& host : sorted_hosts(survey, tier)) {
      GridCell preference{std::to_string(tier.preference)};
      GridCell name{host.name.to_string(), Colour::cyan};
      if (host.addresses.empty()) {
        table.row({preference, name, status_cell(host)});
        continue;
      }
      for (const route::Address& address : host.addresses) {
        table.row({preference,
                   name,
                   {address.ip.to_string()},
                   {format_ttl(address.ttl_s), Colour::grey},
                   ptr_cell(survey.ptr.at(address.ip))});
        preference = name = {};  // once a host is enough
      }
    }
  }
  out += table.to_string(paint);
  for (const route::Reason& reason : survey.plan.steps) {
    if (is_worth_a_note(reason))
      out += painted(fmt::format("  note: {}", reason.text), Colour::grey, paint) + "\n";
  }
  return out;
}
}  // namespace

std::string to_text(const Survey& survey, LookupFormat format, Length length, Paint paint) {
  if (format == LookupFormat::json) return json_text(survey, {});
  if (length == Length::brief) return brief_text(survey, format);
  switch (format) {
    case LookupFormat::host:
      return host_text(survey);
    case LookupFormat::dig:
      return dig_text(survey);
    default:
      return table_text(survey, paint);
  }
}

std::string to_json_line(const Survey& survey, std::string_view input) { return json_text(survey, input); }

int exit_of(const Survey& survey) {
  switch (survey.status) {
    case MailStatus::ok:
      return exit_ok;
    case MailStatus::no_domain:
    case MailStatus::no_mail:
    case MailStatus::null_mx:
      return exit_findings;
    case MailStatus::temp_failure:
    case MailStatus::bogus:
      return exit_unknown;
  }
  return exit_unknown;
}

}  // namespace waybill::cli
