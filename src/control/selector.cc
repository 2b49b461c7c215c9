#include "control/selector.h"

#include <array>

#include "base/bytes.h"

namespace waybill::control {
namespace {
Result<std::string> parse_domain(std::string_view text) {
  const bool below = text.starts_with("*.");
  auto domain = mail::Domain::parse(below ? text.substr(2) : text);
  if (!domain) return pass(domain.error(), "domain");
  return below ? "*." + domain->text() : domain->text();
}

Result<std::string> parse_sender(std::string_view text) {
  if (text == "<>") return std::string(text);
  if (text.starts_with('@')) {
    auto domain = mail::Domain::parse(text.substr(1));
    if (!domain) return pass(domain.error(), "from");
    return "@" + domain->text();
  }
  auto address = mail::Address::parse(text);
  if (!address) return pass(address.error(), "from");
  return address->to_string();
}

Result<std::string> parse_recipient(std::string_view text) {
  // RFC 5321 4.5.1: the one mailbox without a domain.
  if (iequals(text, "postmaster")) return std::string(text);
  auto address = mail::Address::parse(text);
  if (!address) return pass(address.error(), "to");
  return address->to_string();
}

Result<std::optional<Millis>> parse_age(std::string_view name, std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text.size() > 64) return fail(Errc::invalid, "{}: longer than any duration", name);
  auto span = parse_duration(text);
  if (!span) return pass(span.error(), name);
  return *span;
}

Status put_word(SelectorText& text, const std::string& word) {
  std::string* field = nullptr;
  if (word.find('@') != std::string::npos) {
    field = word.starts_with('@') ? nullptr : &text.to;
  } else if (MessageId::parse(word)) {
    field = &text.id;
  } else if (word.find('.') != std::string::npos) {
    field = &text.domain;
  }
  if (field == nullptr) {
    return fail(Errc::invalid, "'{}' is neither a message id, nor an address, nor a domain",
                printable(word, 80));
  }
  if (!field->empty())
    return fail(Errc::invalid, "'{}': one of its kind is given already", printable(word, 80));
  *field = word;
  return {};
}

Status check_octets(const SelectorText& text) {
  for (const std::string* field : {&text.id, &text.domain, &text.from, &text.to, &text.host, &text.reply,
                                   &text.state, &text.older, &text.younger}) {
    if (field->size() > kSelectorTextOctetsMax) {
      return fail(Errc::invalid, "a selector field is longer than {} octets", kSelectorTextOctetsMax);
    }
    if (field->find('\0') != std::string::npos) return fail(Errc::invalid, "a selector field contains a NUL");
    if (!is_utf8(*field)) return fail(Errc::invalid, "a selector field is not UTF-8");
  }
  return {};
}

Status fill_who(Selector& selector, const SelectorText& text) {
  if (!text.id.empty()) {
    auto id = MessageId::parse(text.id);
    if (!id) return pass(id.error(), "id");
    selector.message = *id;
  }
  if (!text.domain.empty()) {
    auto domain = parse_domain(text.domain);
    if (!domain) return pass(domain.error());
    selector.domain = std::move(*domain);
  }
  if (!text.from.empty()) {
    auto sender = parse_sender(text.from);
    if (!sender) return pass(sender.error());
    selector.sender = std::move(*sender);
  }
  if (!text.to.empty()) {
    auto recipient = parse_recipient(text.to);
    if (!recipient) return pass(recipient.error());
    selector.recipient = std::move(*recipient);
  }
  return {};
}

Status fill_state(Selector& selector, const SelectorText& text) {
  if (text.state == "queued") {
    selector.state = RecipientState::queued;
  } else if (text.state == "held") {
    selector.state = RecipientState::held;
  } else if (!text.state.empty()) {
    return fail(Errc::invalid, "state: '{}' is neither queued nor held", printable(text.state, 40));
  }
  auto older = parse_age("older", text.older);
  if (!older) return pass(older.error());
  auto younger = parse_age("younger", text.younger);
  if (!younger) return pass(younger.error());
  selector.older_than = *older;
  selector.younger_than = *younger;
  if (selector.older_than && selector.younger_than && *selector.older_than >= *selector.younger_than) {
    return fail(Errc::invalid, "older than {} and younger than {}: nothing is both", text.older,
                text.younger);
  }
  return {};
}
}  // namespace

Status SelectorText::set(std::string_view name, std::string value) {
  struct Named {
    std::string_view name;
    std::string SelectorText::* field;
  };
  static constexpr std::array<Named, 9> kFields{{{"id", &SelectorText::id},
                                                 {"domain", &SelectorText::domain},
                                                 {"from", &SelectorText::from},
                                                 {"to", &SelectorText::to},
                                                 {"host", &SelectorText::host},
                                                 {"reply", &SelectorText::reply},
                                                 {"state", &SelectorText::state},
                                                 {"older", &SelectorText::older},
                                                 {"younger", &SelectorText::younger}}};
  for (const Named& known : kFields) {
    if (known.name != name) continue;
    // An empty value would silently select more than was meant.
    if (value.empty()) return fail(Errc::invalid, "{}: empty", name);
    if (!(this->*known.field).empty()) return fail(Errc::invalid, "{}: given twice", name);
    this->*known.field = std::move(value);
    return {};
  }
  if (name == "all") {
    if (value != "true" && value != "1") return fail(Errc::invalid, "all: must be true when given");
    all = true;
    return {};
  }
  return fail(Errc::not_found, "'{}' is no field of a selector", printable(name, 40));
}

Result<Selector> parse_selector(const SelectorText& given) {
  SelectorText text = given;
  for (const std::string& word : given.words) {
    if (Status status = put_word(text, word); !status) return pass(status.error());
  }
  if (Status status = check_octets(text); !status) return pass(status.error());
  Selector selector;
  if (Status status = fill_who(selector, text); !status) return pass(status.error());
  if (Status status = fill_state(selector, text); !status) return pass(status.error());
  selector.host = to_lower(text.host);
  if (selector.host.ends_with('.')) selector.host.pop_back();
  selector.last_reply = text.reply;
  selector.all = text.all;
  return selector;
}

SelectorText to_text(const Selector& selector) {
  SelectorText text;
  for (auto& [name, value] : given_fields(selector)) {
    [[maybe_unused]] const Status status = text.set(name, std::move(value));
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> given_fields(const Selector& selector) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto add = [&out](const char* name, std::string value) {
    if (!value.empty()) out.emplace_back(name, std::move(value));
  };
  const auto ms = [](std::optional<Millis> span) {
    return span ? fmt::format("{}ms", span->count()) : std::string();
  };
  if (selector.message) add("id", selector.message->to_string());
  add("domain", selector.domain);
  add("from", selector.sender);
  add("to", selector.recipient);
  add("host", selector.host);
  add("reply", selector.last_reply);
  if (selector.state) add("state", std::string(to_string(*selector.state)));
  add("older", ms(selector.older_than));
  add("younger", ms(selector.younger_than));
  if (selector.all) add("all", "true");
  return out;
}

std::string describe(const Selector& selector) {
  std::string out;
  const auto add = [&out](std::string_view what, std::string_view value) {
    if (value.empty()) return;
    if (!out.empty()) out += ", ";
    out += fmt::format("{} {}", what, value);
  };
  if (selector.message) add("message", selector.message->to_string());
  add("domain", selector.domain);
  add("sender", selector.sender);
  add("recipient", selector.recipient);
  add("last host", selector.host);
  if (!selector.last_reply.empty()) add("last reply with", fmt::format("'{}'", selector.last_reply));
  if (selector.state) add("state", to_string(*selector.state));
  if (selector.older_than) add("older than", format_duration(*selector.older_than));
  if (selector.younger_than) add("younger than", format_duration(*selector.younger_than));
  return out.empty() ? "everything" : out;
}

bool Selector::unrestricted() const {
  return !message && domain.empty() && sender.empty() && recipient.empty() && host.empty() &&
         last_reply.empty() && !state && !older_than && !younger_than;
}

}  // namespace waybill::control
