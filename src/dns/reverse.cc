#include "dns/reverse.h"

#include <algorithm>

namespace waybill::dns {
namespace {
/// A PTR set is the address owner's to fill; more than this many names of one address are not followed
/// (RFC 7208 5.5 sets the same bound).
constexpr size_t kPtrNamesMax = 10;

class PtrCheck {
 public:
  PtrCheck(const Facts& facts, Questions<Question>& open) : facts_(facts), open_(open) {}

  Ptr check(const IpAddress& ip) {
    const Answer* names = ask({Name::reverse(ip), Type::ptr});
    if (names == nullptr || names->unknown()) return {.status = PtrStatus::unknown};
    Ptr out{.status = PtrStatus::none};
    size_t followed = 0;
    for (const Record& record : names->records) {
      const auto* name = std::get_if<Name>(&record.data);
      if (name == nullptr || name->is_root()) continue;
      if (++followed > kPtrNamesMax) break;
      const Answer* forward = ask({*name, ip.is_v4() ? Type::a : Type::aaaa});
      if (out.name.empty()) out.name = name->to_string();
      if (forward == nullptr || forward->unknown()) {
        if (out.status != PtrStatus::agrees) out.status = PtrStatus::unknown;
        continue;
      }
      const bool back = std::ranges::any_of(forward->records, [&](const Record& r) {
        const auto* address = std::get_if<IpAddress>(&r.data);
        return address != nullptr && *address == ip;
      });
      if (back && out.status != PtrStatus::agrees)
        out = {.status = PtrStatus::agrees, .name = name->to_string()};
      if (!back && out.status == PtrStatus::none) out.status = PtrStatus::disagrees;
    }
    return out;
  }

 private:
  const Answer* ask(const Question& question) {
    const Answer* answer = facts_.find(question);
    if (answer == nullptr && std::ranges::find(open_, question) == open_.end()) open_.push_back(question);
    return answer;
  }

  const Facts& facts_;
  Questions<Question>& open_;
};
}  // namespace

std::string_view to_string(PtrStatus status) {
  switch (status) {
    case PtrStatus::agrees:
      return "agrees";
    case PtrStatus::disagrees:
      return "disagrees";
    case PtrStatus::none:
      return "none";
    case PtrStatus::unknown:
      return "unknown";
    case PtrStatus::not_asked:
      return "not_asked";
  }
  return "unknown";
}

Ptr assess_reverse(const IpAddress& ip, const Facts& facts, Questions<Question>& open) {
  return PtrCheck(facts, open).check(ip);
}

}  // namespace waybill::dns
