// codec_names.h: inside control only: the enums' names in JSON, in the order in which help texts list them.
#pragma once

#include <array>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "control/types.h"

namespace waybill::control::detail {

template <class E>
struct Names;

template <>
struct Names<RecipientState> {
  static constexpr std::array kAll{
      std::pair{RecipientState::queued, "queued"},       std::pair{RecipientState::held, "held"},
      std::pair{RecipientState::delivered, "delivered"}, std::pair{RecipientState::bounced, "bounced"},
      std::pair{RecipientState::expired, "expired"},     std::pair{RecipientState::deleted, "deleted"}};
};

template <>
struct Names<Action> {
  static constexpr std::array kAll{std::pair{Action::retry, "retry"}, std::pair{Action::hold, "hold"},
                                   std::pair{Action::release, "release"}, std::pair{Action::drop, "delete"},
                                   std::pair{Action::reroute, "reroute"}};
};

template <>
struct Names<EventKind> {
  static constexpr std::array kAll{std::pair{EventKind::accepted, "accepted"},
                                   std::pair{EventKind::delivered, "delivered"},
                                   std::pair{EventKind::deferred, "deferred"},
                                   std::pair{EventKind::bounced, "bounced"},
                                   std::pair{EventKind::expired, "expired"},
                                   std::pair{EventKind::deleted, "deleted"},
                                   std::pair{EventKind::held, "held"},
                                   std::pair{EventKind::released, "released"},
                                   std::pair{EventKind::retry_asked, "retry_asked"},
                                   std::pair{EventKind::rerouted, "rerouted"},
                                   std::pair{EventKind::report_sent, "report_sent"},
                                   std::pair{EventKind::delay_notice_sent, "delay_notice_sent"},
                                   std::pair{EventKind::set_aside, "set_aside"},
                                   std::pair{EventKind::expanded, "expanded"}};
};

template <>
struct Names<ReloadOutcome> {
  static constexpr std::array kAll{std::pair{ReloadOutcome::applied, "applied"},
                                   std::pair{ReloadOutcome::unchanged, "unchanged"},
                                   std::pair{ReloadOutcome::refused, "refused"}};
};

template <>
struct Names<mail::BodyType> {
  static constexpr std::array kAll{std::pair{mail::BodyType::seven_bit, "7bit"},
                                   std::pair{mail::BodyType::eight_bit, "8bitmime"},
                                   std::pair{mail::BodyType::binary, "binarymime"}};
};

template <>
struct Names<mail::Ret> {
  static constexpr std::array kAll{std::pair{mail::Ret::unset, ""}, std::pair{mail::Ret::full, "full"},
                                   std::pair{mail::Ret::headers, "hdrs"}};
};

template <>
struct Names<mail::Origin::Via> {
  static constexpr std::array kAll{std::pair{mail::Origin::Via::smtp, "smtp"},
                                   std::pair{mail::Origin::Via::control, "control"},
                                   std::pair{mail::Origin::Via::bounce, "bounce"}};
};

template <class E>
std::string_view name_of(E value) {
  for (const auto& [known, name] : Names<E>::kAll) {
    if (known == value) return name;
  }
  return "unknown";
}

template <class E>
Status value_of(std::string_view name, E& out) {
  for (const auto& [known, known_name] : Names<E>::kAll) {
    if (name == known_name) {
      out = known;
      return {};
    }
  }
  return fail(Errc::invalid, "'{}' is none of its values", printable(name, 40));
}

}  // namespace waybill::control::detail
