#include "dns/zone_file.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <span>
#include <sstream>

#include "base/bytes.h"
#include "dns/zone_generate.h"
#include "dns/zone_lexer.h"
#include "dns/zone_rdata.h"

namespace waybill::dns {
namespace {

bool is_word(const Token& token, std::string_view text) { return !token.quoted && iequals(token.text, text); }

/// Reads one text and, through $INCLUDE, the texts that it names.
class Reader {
 public:
  Reader(ZoneFile& zone, const ZoneReadOptions& options, const IncludeReader& include, Name origin)
      : zone_(zone), options_(options), include_(include), origin_(std::move(origin)) {}

  void read(std::string_view text, const std::string& file, int depth) {
    ZoneLexer lexer(text);
    size_t reported = 0;
    while (!full_) {
      const auto entry = lexer.next();
      for (; reported < lexer.errors().size(); ++reported) {
        const LexError& error = lexer.errors()[reported];
        add_error(file, error.line, error.column, error.what);
      }
      if (!entry) break;
      if (!entry->tokens[0].quoted && !entry->owner_omitted && entry->tokens[0].text.starts_with('$')) {
        directive(*entry, file, depth);
      } else {
        record(*entry, file);
      }
    }
  }

  [[nodiscard]] const std::optional<Name>& first_origin() const { return first_origin_; }

 private:
  void add_error(const std::string& file, int line, int column, std::string what) {
    if (zone_.errors.size() == options_.errors_max) {
      zone_.errors.push_back({file, line, column, "too many errors: the rest of the file was not read"});
      full_ = true;
    } else if (!full_) {
      zone_.errors.push_back({file, line, column, std::move(what)});
    }
  }
  void error_at(const std::string& file, const Token& token, std::string what) {
    add_error(file, token.line, token.column, std::move(what));
  }

  void directive(const ZoneEntry& entry, const std::string& file, int depth) {
    const std::span<const Token> tokens(entry.tokens);
    if (is_word(tokens[0], "$ORIGIN")) return set_origin(tokens, file);
    if (is_word(tokens[0], "$TTL")) return set_ttl(tokens, file);
    if (is_word(tokens[0], "$INCLUDE")) return include(tokens, file, depth);
    if (is_word(tokens[0], "$GENERATE")) return generate(tokens, file);
    error_at(file, tokens[0], fmt::format("'{}' is no directive known here", printable(tokens[0].text, 40)));
  }

  void set_origin(std::span<const Token> tokens, const std::string& file) {
    if (tokens.size() != 2) return error_at(file, tokens[0], "$ORIGIN takes one name");
    auto name = parse_zone_name(tokens[1].text, origin_);
    if (!name) return error_at(file, tokens[1], name.error().what);
    origin_ = std::move(*name);
    if (!first_origin_ && zone_.records.empty()) first_origin_ = origin_;
  }

  void set_ttl(std::span<const Token> tokens, const std::string& file) {
    if (tokens.size() != 2) return error_at(file, tokens[0], "$TTL takes one time");
    const auto ttl = parse_ttl(tokens[1].text);
    if (!ttl) return error_at(file, tokens[1], ttl.error().what);
    default_ttl_s_ = *ttl;
  }

  void include(std::span<const Token> tokens, const std::string& file, int depth) {
    if (tokens.size() < 2 || tokens.size() > 3)
      return error_at(file, tokens[0], "$INCLUDE takes a file, and an origin if need be");
    if (!include_) return error_at(file, tokens[0], "$INCLUDE is not possible here");
    if (depth >= options_.include_depth_max) {
      return error_at(file, tokens[1],
                      fmt::format("files include each other over {} deep", options_.include_depth_max));
    }
    Name origin = origin_;
    if (tokens.size() == 3) {
      auto name = parse_zone_name(tokens[2].text, origin_);
      if (!name) return error_at(file, tokens[2], name.error().what);
      origin = std::move(*name);
    }
    if (tokens[1].text.find('\0') != std::string_view::npos)
      return error_at(file, tokens[1], "a NUL octet in a file name");
    const std::filesystem::path named(tokens[1].text);
    const std::string path =
        named.is_absolute() ? named.string() : (std::filesystem::path(file).parent_path() / named).string();
    const auto text = include_(path);
    if (!text) return error_at(file, tokens[1], text.error().what);
    // RFC 1035 5.1: the included file's origin ends with it; so does its last owner.
    std::swap(origin_, origin);
    const auto owner = owner_;
    read(*text, path, depth + 1);
    owner_ = owner;
    origin_ = std::move(origin);
  }

  void generate(std::span<const Token> tokens, const std::string& file) {
    if (tokens.size() < 4)
      return error_at(file, tokens[0], "$GENERATE takes a range, an owner, a type and data");
    const auto range = parse_generate_range(tokens[1].text, options_.generate_max);
    if (!range) return error_at(file, tokens[1], range.error().what);
    const size_t errors = zone_.errors.size();
    for (uint32_t i = range->first; i <= range->last && !full_; i += range->step) {
      std::vector<std::string> texts;
      for (const Token& token : tokens.subspan(2)) {
        auto text = expand_generate(token.text, i);
        if (!text) return error_at(file, token, text.error().what);
        texts.push_back(std::move(*text));
      }
      ZoneEntry entry;
      for (size_t n = 0; n < texts.size(); ++n) {
        entry.tokens.push_back({texts[n], tokens[n + 2].quoted, tokens[n + 2].line, tokens[n + 2].column});
      }
      record(entry, file);
      if (zone_.errors.size() > errors) return;  // the others would repeat it
      if (range->last - i < range->step) return;
    }
  }

  /// [owner] [ttl] [class] type data, TTL and class in either order (RFC 1035 5.1).
  void record(const ZoneEntry& entry, const std::string& file) {
    std::span<const Token> tokens(entry.tokens);
    if (!entry.owner_omitted) {
      auto name = parse_zone_name(tokens[0].text, origin_);
      if (!name) {
        owner_.reset();  // records that follow must not fall to an earlier owner
        return error_at(file, tokens[0], name.error().what);
      }
      owner_ = std::move(*name);
      tokens = tokens.subspan(1);
    } else if (!owner_) {
      return error_at(file, tokens[0], "a record without an owner, and none before it to take it from");
    }
    const Token& first = entry.tokens[0];
    std::optional<uint32_t> ttl;
    if (!read_ttl_and_class(tokens, ttl, file)) return;
    if (tokens.empty()) return error_at(file, first, "the record has no type");
    const auto type = tokens[0].quoted
                          ? Result<Type>(fail(Errc::invalid, "a quoted text where the type should be"))
                          : parse_type(tokens[0].text);
    if (!type) return error_at(file, tokens[0], type.error().what);
    if (*type == Type{41} || *type == Type{0})
      return error_at(file, tokens[0], "this type can't stand in a zone");
    if (!ttl) ttl = default_ttl_s_ ? default_ttl_s_ : last_ttl_s_;
    if (!ttl) ttl = options_.default_ttl_s;
    // RFC 2308 4: without $TTL nothing says how long the record may be kept.
    if (!ttl) return error_at(file, tokens[0], "neither the record nor a $TTL before it says a TTL");
    auto data = parse_rdata(*type, tokens.subspan(1), origin_);
    if (!data) {
      const Token& where =
          data.error().token + 1 < tokens.size() ? tokens[data.error().token + 1] : tokens.back();
      return error_at(file, where, data.error().what);
    }
    const Token& last = tokens.back();
    add({{*owner_, *type, *ttl, std::move(*data)}, file, first.line, first.column, last.line, last.column});
  }

  bool read_ttl_and_class(std::span<const Token>& tokens, std::optional<uint32_t>& ttl,
                          const std::string& file) {
    bool class_seen = false;
    while (!tokens.empty() && !tokens[0].quoted) {
      const std::string_view text = tokens[0].text;
      if (!class_seen && (is_word(tokens[0], "IN") || is_word(tokens[0], "CLASS1"))) {  // RFC 3597 5
        class_seen = true;
      } else if (iequals(text, "CH") || iequals(text, "HS") || iequals(text, "CS")) {
        error_at(file, tokens[0], fmt::format("class {}: only IN is served", printable(text)));
        return false;
      } else if (!ttl && !text.empty() && text[0] >= '0' && text[0] <= '9') {
        const auto value = parse_ttl(text);
        if (!value) {
          error_at(file, tokens[0], value.error().what);
          return false;
        }
        ttl = last_ttl_s_ = *value;
      } else {
        break;
      }
      tokens = tokens.subspan(1);
    }
    return true;
  }

  void add(ZoneRecord record) {
    if (zone_.records.size() == options_.records_max) {
      add_error(record.file, record.line, record.column,
                fmt::format("over {} records", options_.records_max));
      full_ = true;
      return;
    }
    if (record.record.type == Type::soa && !zone_.has_soa) {
      zone_.has_soa = true;
      zone_.origin = record.record.owner;
    }
    zone_.records.push_back(std::move(record));
  }

  ZoneFile& zone_;
  const ZoneReadOptions& options_;
  const IncludeReader& include_;
  Name origin_;
  std::optional<Name> first_origin_;
  std::optional<Name> owner_;
  std::optional<uint32_t> default_ttl_s_;
  std::optional<uint32_t> last_ttl_s_;
  bool full_ = false;
};

Result<std::string> read_text(const std::string& path, size_t octets_max) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    return fail(Errc::io, "cannot read {}: it is a directory", path);
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::unexpected(errno_error(fmt::format("cannot read {}", path)));
  const auto size = std::filesystem::file_size(path, error);
  if (!error && size > octets_max) return fail(Errc::invalid, "{} has over {} octets", path, octets_max);
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad()) return std::unexpected(errno_error(fmt::format("cannot read {}", path)));
  std::string out = std::move(text).str();
  if (out.size() > octets_max) return fail(Errc::invalid, "{} has over {} octets", path, octets_max);
  return out;
}

}  // namespace

std::string ZoneError::to_string() const {
  return line == 0 ? fmt::format("{}: {}", file, what)
                   : fmt::format("{}:{}:{}: {}", file, line, column, what);
}

Name origin_of_file_name(std::string_view path) {
  std::string name = std::filesystem::path(path).filename().string();
  if (name.ends_with(".zone"))
    name.resize(name.size() - 5);
  else if (name.ends_with(".db"))
    name.resize(name.size() - 3);
  else if (name.starts_with("db."))
    name.erase(0, 3);
  return Name::parse(name).value_or(Name{});
}

ZoneFile read_zone_text(std::string_view text, const std::string& file_name, const ZoneReadOptions& options,
                        const IncludeReader& include) {
  ZoneFile zone;
  const Name origin = options.origin.value_or(origin_of_file_name(file_name));
  zone.origin = origin;
  zone.name = file_name;
  Reader reader(zone, options, include, origin);
  reader.read(text, file_name, 0);
  if (!zone.has_soa) {
    if (reader.first_origin()) zone.origin = *reader.first_origin();
    zone.notices.push_back({file_name, 0, 0, "no SOA record: taken as loose data, not as a whole zone"});
  }
  return zone;
}

ZoneFile read_zone_file(const std::string& path, const ZoneReadOptions& options) {
  size_t octets_left = options.octets_max;
  const IncludeReader from_disk = [&octets_left](const std::string& file) -> Result<std::string> {
    auto text = read_text(file, octets_left);
    if (text) octets_left -= text->size();  // all files together
    return text;
  };
  const auto text = from_disk(path);
  if (!text) {
    ZoneFile zone;
    zone.name = path;
    zone.errors.push_back({path, 0, 0, text.error().what});
    return zone;
  }
  return read_zone_text(*text, path, options, from_disk);
}

}  // namespace waybill::dns
