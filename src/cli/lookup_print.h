// lookup_print.h: a survey of a domain in each of `waybill lookup`'s formats. Pure text.
#pragma once

#include <string>

#include "cli/print.h"
#include "route/survey.h"

namespace waybill::cli {

enum class LookupFormat : uint8_t {
  table,  ///< for people: preference, host, addresses, TTL, reverse DNS, DNSSEC
  host,   ///< as `host -t mx` prints
  dig,    ///< as `dig NAME MX` prints
  json,   ///< one object a line, by the contract in design.md
};
enum class Length : uint8_t { full, brief };

/// Ends in a newline. Brief: "10 mx1.example.org" a line and nothing for what is absent; unknown stays
/// visible.
[[nodiscard]] std::string to_text(const route::Survey& survey, LookupFormat format, Length length,
                                  Paint paint);

/// The JSON line; `input` is what the domain was written as, named where it is another text.
[[nodiscard]] std::string to_json_line(const route::Survey& survey, std::string_view input = {});

/// 0: mail is taken; 1: it is known not to be; 3: the DNS could not say.
[[nodiscard]] int exit_of(const route::Survey& survey);

}  // namespace waybill::cli
