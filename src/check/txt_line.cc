#include "check/txt_line.h"

#include "base/bytes.h"
#include "dns/record.h"

namespace waybill::check {
namespace {
constexpr size_t kStringMax = 255;
}

std::string txt_line(const dns::Name& owner, std::string_view text, size_t max) {
  dns::Txt txt;
  const std::string_view shown = text.substr(0, max);
  for (size_t at = 0; at < shown.size() || txt.strings.empty(); at += kStringMax)
    txt.strings.emplace_back(shown.substr(at, kStringMax));
  const dns::Record record{owner, dns::Type::txt, 0, txt};
  return fmt::format("{}. TXT {}{}", owner.to_string(), dns::data_to_string(record),
                     text.size() > max ? " …" : "");
}

std::string quoted(std::string_view text) { return fmt::format("\"{}\"", printable(text, 300)); }

}  // namespace waybill::check
