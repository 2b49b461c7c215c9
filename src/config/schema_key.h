// schema_key.h: one line of a schema's table: a key's name, text, member and kind. Internal to config/.
#pragma once

#include "config/kinds.h"
#include "config/schema.h"

namespace waybill::config {

template <class S, class M, class K>
Key<S> key(std::string_view name, std::string_view doc, M S::* member, K kind) {
  return {name, kind.type(), doc,
          [=](const Scope& scope, const toml::node& node, S& out) { kind.read(scope, node, out.*member); },
          [=](const S& from) { return kind.show(from.*member); }};
}

template <class E, class... Rest>
Choice<E, 1 + sizeof...(Rest)> choice(E first, Rest... rest) {
  return {{first, rest...}};
}

}  // namespace waybill::config
