#include "config/import/draft.h"

#include <algorithm>

#include "base/bytes.h"
#include "config/kinds.h"
#include "config/schema.h"

namespace waybill::config::moving {
namespace {
constexpr size_t kNotCarriedMax = 10'000;
constexpr size_t kCommentMax = 160;
/// Each round takes out at least one fault; more means that something else is wrong.
constexpr size_t kRoundsMax = 300;

template <class S>
bool has_key(const Section<S>& section, std::string_view key) {
  return std::ranges::find(section.keys, key, &Key<S>::name) != section.keys.end();
}

std::string list_of(const std::vector<std::string>& values) {
  std::string out = "[";
  for (const std::string& value : values)
    out += fmt::format("{}{}", out.size() == 1 ? "" : ", ", in_quotes(value));
  return out + "]";
}
}  // namespace

std::string Origin::place() const {
  const std::string name = printable(file, kCommentMax);
  return line == 0 ? name : fmt::format("{}:{}", name, line);
}

std::string Origin::to_string() const {
  return setting.empty() ? place() : fmt::format("{}: {}", place(), printable(setting, kCommentMax));
}

bool Imported::complete() const {
  return std::ranges::none_of(not_carried, [](const NotCarried& n) { return n.weight == Weight::decides; });
}

bool domain_has(std::string_view key) { return has_key(domain_section(), key); }
bool route_has(std::string_view key) { return has_key(route_section(), key); }
std::string in_quotes(std::string_view text) { return toml_text(text); }

bool is_local_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < 0x7f && std::string_view("@/\\\"|:;,<>()[]{}").find(c) == std::string_view::npos;
  });
}

void Draft::set(std::string section, std::string key, std::string literal, Origin origin) {
  const auto same = [&](const Setting& s) { return s.section == section && s.key == key; };
  if (std::ranges::any_of(settings_, same)) return;
  settings_.push_back({std::move(section), std::move(key), std::move(literal), std::move(origin)});
}

void Draft::leave(Origin origin, std::string why, Weight weight) {
  if (not_carried_.size() < kNotCarriedMax)
    not_carried_.push_back({std::move(origin), printable(why, 400), weight});
}

DraftDomain& Draft::domain(const mail::Domain& name, Origin origin) {
  DraftDomain& out = domains[name.text()];
  out.origins.push_back(std::move(origin));
  return out;
}

DraftDomain* Draft::find_domain(const std::string& name) {
  const auto at = domains.find(name);
  return at == domains.end() ? nullptr : &at->second;
}

DraftRoute& Draft::route(const std::string& pattern, Origin origin) {
  DraftRoute& out = routes[pattern];
  out.origins.push_back(std::move(origin));
  return out;
}

void Draft::add_plain(std::vector<Block>& out, const std::string& section) const {
  Block block;
  for (const Setting& setting : settings_) {
    if (setting.section != section) continue;
    if (block.lines.empty() && !section.empty()) block.lines.push_back(fmt::format("[{}]", section));
    block.lines.push_back("# " + setting.origin.to_string());
    block.lines.push_back(fmt::format("{} = {}", setting.key, setting.literal));
  }
  if (!block.lines.empty()) out.push_back(std::move(block));
}

void Draft::add_relay(std::vector<Block>& out) const {
  if (!trusted_networks) return;
  Block block;
  block.lines = {"[relay]", "trusted_networks = ["};
  for (const Item& item : *trusted_networks) {
    block.lines.push_back("  # " + item.origin.to_string());
    block.lines.push_back(fmt::format("  {},", item.literal));
  }
  block.lines.emplace_back("]");
  out.push_back(std::move(block));
}

void Draft::add_domain(std::vector<Block>& out, const std::string& name, const DraftDomain& domain) const {
  Block block;
  block.name = fmt::format("[domain.{}]", in_quotes(name));
  block.origins = domain.origins;
  auto& lines = block.lines;
  for (const Origin& origin : domain.origins) lines.push_back("# " + origin.to_string());
  for (const std::string& remark : domain.remarks) lines.push_back("# " + printable(remark, kCommentMax));
  lines.push_back(block.name);
  lines.push_back(fmt::format("role = {}", in_quotes(to_string(domain.role))));
  const bool primary = domain.role == DomainRole::primary;
  if (primary && !domain.mailboxes.empty())
    lines.push_back(fmt::format("mailboxes = {}", in_quotes(domain.mailboxes)));
  std::vector<std::string> users(domain.users.begin(), domain.users.end());
  // Somebody must be named; postmaster exists in any case (RFC 5321 4.5.1).
  if (users.empty() && (primary ? !domain.own_directory : domain.users_listed)) users = {"postmaster"};
  if (!users.empty() && (primary || domain.users_listed)) lines.push_back("users = " + list_of(users));
  if (primary && domain.delimiter && domain_has("recipient_delimiter"))
    lines.push_back("recipient_delimiter = " + in_quotes(*domain.delimiter));
  if (primary && !domain.catch_all.empty()) {
    if (domain.catch_all_origin) lines.push_back("# " + domain.catch_all_origin->to_string());
    lines.push_back("catch_all = " + list_of(domain.catch_all));
  }
  if (primary && !domain.aliases.empty()) {
    lines.push_back(fmt::format("[domain.{}.aliases]", in_quotes(name)));
    for (const auto& [alias, to] : domain.aliases) {
      lines.push_back("# " + to.origin.to_string());
      lines.push_back(fmt::format("{} = {}", in_quotes(alias), list_of(to.to)));
    }
  }
  out.push_back(std::move(block));
}

void Draft::add_route(std::vector<Block>& out, const std::string& pattern, const DraftRoute& route) const {
  Block block;
  block.name = fmt::format("[route.{}]", in_quotes(pattern));
  block.origins = route.origins;
  for (const Origin& origin : route.origins) block.lines.push_back("# " + origin.to_string());
  block.lines.push_back(block.name);
  block.lines.push_back("via = " + route.via);
  if (!route.auth_user.empty())
    block.lines.push_back(fmt::format("auth = {{ user = {}, password_file = \"smart-host.password\" }}",
                                      in_quotes(route.auth_user)));
  if (!route.tls.empty()) block.lines.push_back("tls = " + in_quotes(route.tls));
  out.push_back(std::move(block));
}

std::vector<Draft::Block> Draft::blocks() const {
  std::vector<Block> out;
  add_plain(out, "");
  std::vector<std::string> sections;
  for_each_plain_section([&](const auto& section, auto) { sections.emplace_back(section.name); });
  for (const std::string& section : sections) {
    if (section == "relay") {
      add_relay(out);
      for (const auto& [name, domain] : domains) add_domain(out, name, domain);
      for (const auto& [pattern, route] : routes) add_route(out, pattern, route);
      continue;
    }
    add_plain(out, section);
    if (section != "tls") continue;
    for (const DraftListener& listener : listeners) {
      Block block;
      block.name = "[[listener]]";
      block.origins = {listener.origin};
      block.lines = {"# " + listener.origin.to_string(), block.name,
                     "address = " + in_quotes(listener.address), "role = " + in_quotes(listener.role)};
      out.push_back(std::move(block));
    }
  }
  return out;
}

std::string Draft::text_of(const std::vector<Block>& all) const {
  std::string out = fmt::format(
      "# waybill.toml, made of {}'s configuration in {}.\n# Each comment names the origin of what follows; "
      "what was "
      "not carried over stands at the end.\n# Next: read it, then `waybill config check`.\n",
      system_, printable(from_, kCommentMax));
  for (const Block& block : all) {
    out += '\n';
    for (const std::string& line : block.lines) out += line + '\n';
  }
  return out;
}

/// Comments out the line, or the table, where parse() found a fault. False: there is none at that place.
bool Draft::take_out(std::vector<Block>& all, const Located& error) {
  uint32_t line = 3;  // of the head
  for (Block& block : all) {
    ++line;
    const uint32_t first = line + 1;
    line += static_cast<uint32_t>(block.lines.size());
    if (error.line < first || error.line > line) continue;
    const size_t at = error.line - first;
    if (block.lines[at].starts_with('#')) return false;
    const std::string why = "waybill does not take it: " + error.message;
    Origin origin{from_, 0, block.name.empty() ? block.lines[at] : block.name};
    if (!block.name.empty() && !block.origins.empty()) origin = block.origins.front();
    leave(origin, why, Weight::decides);
    if (block.name.empty()) {
      block.lines[at] = "# " + block.lines[at];
    } else {
      for (std::string& text : block.lines)
        if (!text.starts_with('#')) text = "# " + text;
    }
    return true;
  }
  return false;
}

Imported Draft::finish() {
  std::vector<Block> all = blocks();
  std::string text = text_of(all);
  for (size_t round = 0; round < kRoundsMax; ++round) {
    const auto parsed = parse(text, "waybill.toml");
    if (parsed) break;
    // One at a time: what is taken out may be what the next one was about.
    if (!take_out(all, parsed.error().front())) {
      leave({from_, 0, ""},
            "nothing of it could be made into a configuration: " + parsed.error().front().message,
            Weight::decides);
      all.clear();
    }
    text = text_of(all);
  }
  if (!parse(text, "waybill.toml")) {
    leave({from_, 0, ""}, "more faults than could be taken out", Weight::decides);
    text = text_of({});
  }
  if (!not_carried_.empty()) text += "\n# Not carried over:\n";
  for (const NotCarried& left : not_carried_)
    text += fmt::format("# {} {}\n#     {}\n", left.weight == Weight::decides ? "!" : "-",
                        left.origin.to_string(), left.why);
  return {std::move(text), std::move(not_carried_)};
}

}  // namespace waybill::config::moving
