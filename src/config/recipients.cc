#include "config/recipients.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/fs.h"

namespace waybill::config {
namespace {
void complain(Errors& errors, const std::string& file, size_t line, std::string message) {
  if (errors.size() < kErrorsMax)
    errors.push_back({file, static_cast<uint32_t>(line), 0, std::move(message)});
}

// "# …" from the line's beginning or after white space: a '#' within a local part is its own.
std::string_view without_comment(std::string_view line) {
  for (size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1)) {
    if (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t') return line.substr(0, at);
  }
  return line;
}

/// Calls f(number from 1, line without its end and its comment) for each line that is not empty then.
template <class F>
void for_each_line(std::string_view text, F&& f) {
  size_t number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = without_comment(line);
    if (!trim(line).empty()) f(number, line);
  }
}

/// "sales", or "sales@example.org" where that is the domain at hand; lower case.
Result<std::string> local_part(std::string_view text, const mail::Domain& domain) {
  auto address = alias_target(text, domain);
  if (!address) return pass(address.error());
  if (address->domain != domain)
    return fail(Errc::invalid, "'{}' is not of {}: give it in that domain's file", printable(text, 80),
                domain.text());
  return to_lower(address->local);
}

Result<std::string> read_file(const std::string& path) {
  auto text = RealFs().read(path, kRecipientFileOctetsMax);
  if (text && text->find('\0') != std::string::npos)
    return fail(Errc::invalid, "is no text: it contains NUL");
  return text;
}

class AliasReader {
 public:
  AliasReader(const std::string& file, const mail::Domain& domain, Errors& errors)
      : file_(file), domain_(domain), errors_(errors) {}

  void line(size_t number, std::string_view text) {
    const bool goes_on = text.front() == ' ' || text.front() == '\t';
    if (goes_on && name_number_ == 0) {
      return complain(errors_, file_, number, "this line goes on, but no alias stands above it");
    }
    if (!goes_on) {
      finish();
      const size_t colon = text.find(':');
      if (colon == std::string_view::npos)
        return complain(errors_, file_, number, "an alias is written \"name: address, address\"");
      name_ = std::string(trim(text.substr(0, colon)));
      name_number_ = number;
      text = text.substr(colon + 1);
    }
    targets(number, text);
  }
  void finish() {
    if (name_number_ != 0) close();
    name_number_ = 0;
    to_.clear();
    faulty_ = false;
  }
  [[nodiscard]] std::map<std::string, Alias, std::less<>> take() { return std::move(aliases_); }

 private:
  void targets(size_t number, std::string_view text) {
    // A command or a file name may hold commas; it is refused as a whole.
    const std::string_view all = trim(text);
    const bool foreign =
        all.starts_with('|') || all.starts_with("\"|") || all.starts_with(':') || all.starts_with('/');
    for (const std::string_view part : foreign ? std::vector<std::string_view>{all} : split(text, ',')) {
      const std::string_view one = trim(part);
      if (one.empty()) continue;
      auto address = alias_target(one, domain_);
      if (!address) {
        faulty_ = true;
        complain(errors_, file_, number, address.error().what);
      } else if (to_.size() == kAliasTargetsMax) {
        if (!std::exchange(faulty_, true))
          complain(errors_, file_, number, fmt::format("more than {} addresses", kAliasTargetsMax));
      } else {
        to_.push_back(std::move(*address));
      }
    }
  }
  void close() {
    const auto name = local_part(name_, domain_);
    if (!name) return complain(errors_, file_, name_number_, name.error().what);
    if (faulty_) return;
    if (to_.empty()) {
      return complain(errors_, file_, name_number_,
                      fmt::format("the alias '{}' leads to nobody", printable(name_, 64)));
    }
    const auto [at, fresh] =
        aliases_.emplace(*name, Alias{std::move(to_), file_, {static_cast<uint32_t>(name_number_), 1}});
    if (!fresh) {
      complain(errors_, file_, name_number_,
               fmt::format("the alias '{}' stands in line {} already", printable(name_, 64),
                           at->second.where.line));
    }
  }

  const std::string& file_;
  const mail::Domain& domain_;
  Errors& errors_;
  std::map<std::string, Alias, std::less<>> aliases_;
  std::string name_;
  size_t name_number_ = 0;  ///< the line of the alias at hand; 0: none
  bool faulty_ = false;
  std::vector<mail::Address> to_;
};

class Loader {
 public:
  Loader(const Config& config, const std::string& config_file) : config_(config), config_file_(config_file) {}

  std::expected<Recipients, Errors> run() {
    for (const Domain& domain : config_.domains) out_.domains.emplace(domain.name.text(), load(domain));
    if (!config_.srs.secret_file.empty()) load_secrets();
    if (!errors_.empty()) return std::unexpected(std::move(errors_));
    return std::move(out_);
  }

 private:
  void complain_at(const std::string& path, std::string message) {
    const Where at = config_.positions.find(path);
    if (errors_.size() < kErrorsMax)
      errors_.push_back({config_file_, at.line, at.column, std::move(message)});
  }

  std::optional<std::string> read(const std::string& key, const std::string& path) {
    auto text = read_file(path);
    if (text) return std::move(*text);
    complain_at(key, fmt::format("{} can't be read: {}", path, text.error().what));
    return std::nullopt;
  }

  DomainRecipients load(const Domain& domain) {
    const std::string scope = fmt::format("domain.\"{}\"", domain.name.text());
    DomainRecipients out;
    out.users = domain.users;
    if (!domain.users_file.empty()) {
      if (!out.users) out.users.emplace();
      if (const auto text = read(scope + ".users_file", domain.users_file))
        out.users->merge(parse_users(*text, domain.users_file, domain, errors_));
    }
    if (!domain.aliases_file.empty()) {
      if (const auto text = read(scope + ".aliases_file", domain.aliases_file))
        out.aliases = parse_aliases(*text, domain.aliases_file, domain.name, errors_);
    }
    for (const auto& [name, to] : domain.aliases) {
      const std::string path = fmt::format("{}.aliases.{}", scope, name);
      Alias alias{addresses(path, to, domain.name), config_file_, config_.positions.find(path)};
      if (const auto twice = out.aliases.find(name); twice != out.aliases.end()) {
        complain_at(path, fmt::format("the alias '{}' stands in {}:{} too", printable(name, 64),
                                      twice->second.file, twice->second.where.line));
      } else {
        out.aliases.emplace(name, std::move(alias));
      }
    }
    out.catch_all = addresses(scope + ".catch_all", domain.catch_all, domain.name);
    return out;
  }

  std::vector<mail::Address> addresses(const std::string& path, const std::vector<std::string>& texts,
                                       const mail::Domain& domain) {
    std::vector<mail::Address> out;
    for (const std::string& text : texts) {
      auto address = alias_target(text, domain);
      if (address) {
        out.push_back(std::move(*address));
      } else {
        complain_at(path, address.error().what);
      }
    }
    return out;
  }

  void load_secrets() {
    const std::string& path = config_.srs.secret_file;
    const auto text = read("srs.secret_file", path);
    if (!text) return;
    for_each_line(*text, [&](size_t number, std::string_view line) {
      const std::string_view secret = trim(line);
      if (secret.size() < kSrsSecretOctetsMin) {
        return complain(
            errors_, path, number,
            fmt::format("a secret needs {} characters at least: openssl rand -hex 32", kSrsSecretOctetsMin));
      }
      out_.srs_secrets.emplace_back(secret);
    });
    if (out_.srs_secrets.empty() && errors_.empty())
      complain(errors_, path, 0, "holds no secret; make one: openssl rand -hex 32");
  }

  const Config& config_;
  const std::string& config_file_;
  Recipients out_;
  Errors errors_;
};
}  // namespace

Result<mail::Address> alias_target(std::string_view text, const mail::Domain& domain) {
  const std::string shown = printable(text, 80);
  if (text.starts_with('|') || text.starts_with("\"|"))
    return fail(Errc::invalid, "'{}': an alias starts no programs; deliver to one by LMTP instead", shown);
  if (text.starts_with('/')) return fail(Errc::invalid, "'{}': an alias writes to no files", shown);
  if (text.starts_with(":include:"))
    return fail(Errc::invalid, "'{}': write the addresses into this file, :include: is not read", shown);
  if (text.find('@') != std::string_view::npos) return mail::Address::parse(text);
  return mail::Address::parse(fmt::format("{}@{}", text, domain.text()));
}

std::map<std::string, Alias, std::less<>> parse_aliases(std::string_view text, const std::string& file,
                                                        const mail::Domain& domain, Errors& errors) {
  AliasReader reader(file, domain, errors);
  for_each_line(text, [&](size_t number, std::string_view line) { reader.line(number, line); });
  reader.finish();
  return reader.take();
}

std::set<std::string, std::less<>> parse_users(std::string_view text, const std::string& file,
                                               const Domain& domain, Errors& errors) {
  std::set<std::string, std::less<>> out;
  for_each_line(text, [&](size_t number, std::string_view line) {
    const std::string_view one = trim(line);
    auto name = local_part(one, domain.name);
    if (name && name->find_first_of("/ \t") != std::string::npos)
      name = fail(Errc::invalid, "'{}': one user's name a line", printable(one, 80));
    if (name && name->starts_with('.'))
      name = fail(Errc::invalid, "'{}' can't be a mailbox", printable(one, 80));
    if (name && domain.recipient_delimiter == "+" && name->find('+') != std::string::npos)
      name =
          fail(Errc::invalid, "'{}': what follows a '+' is not part of the user's name", printable(one, 80));
    if (!name) return complain(errors, file, number, name.error().what);
    if (!out.insert(*name).second)
      complain(errors, file, number, fmt::format("'{}' stands in the file twice", printable(one, 64)));
  });
  return out;
}

std::expected<Recipients, Errors> load_recipients(const Config& config, const std::string& config_file) {
  return Loader(config, config_file).run();
}

}  // namespace waybill::config
