#include "rehearse/virtual_host.h"

#include <algorithm>

#include "rehearse/virtual_session.h"

namespace waybill::rehearse {
namespace {
bool concerns(const Behaviour& one, const IpAddress& ip) {
  const bool family =
      one.family == Behaviour::Family::both || (one.family == Behaviour::Family::v4) == ip.is_v4();
  return family && (!one.network || one.network->contains(ip));
}
}  // namespace

net::Dialed VirtualHost::dial(const IpAddress& ip, const std::shared_ptr<net::VirtualPipe>& pipe) {
  for (const Behaviour& one : host_.behaviours) {
    if (!one.window.holds(elapsed()) || !concerns(one, ip)) continue;
    if (one.what == Behaviour::What::down) return {{}, {Errc::refused, "Connection refused"}, latency()};
    if (one.what == Behaviour::What::silent) return {{}, {Errc::timeout, "no answer"}, {}};
  }
  auto session = std::make_shared<VirtualSession>(*this, pipe);
  session->greet();
  return {std::move(session), {}, latency()};
}

Millis VirtualHost::latency() const {
  const Behaviour* slow = active(Behaviour::What::slow);
  return slow == nullptr ? host_.latency : slow->span;
}

const Behaviour* VirtualHost::active(Behaviour::What what) const {
  const auto at = std::ranges::find_if(host_.behaviours, [&](const Behaviour& one) {
    return one.what == what && one.window.holds(elapsed());
  });
  return at == host_.behaviours.end() ? nullptr : &*at;
}

const Behaviour* VirtualHost::active(Behaviour::What what, Moment moment, std::string_view whom) const {
  const auto at = std::ranges::find_if(host_.behaviours, [&](const Behaviour& one) {
    return one.what == what && one.moment == moment && one.window.holds(elapsed()) &&
           (moment != Moment::rcpt || like(whom, one.pattern));
  });
  return at == host_.behaviours.end() ? nullptr : &*at;
}

bool VirtualHost::greylisted(const std::string& from, const std::string& to) {
  const Behaviour* grey = active(Behaviour::What::greylist);
  if (grey == nullptr) return false;
  const auto [at, first] = met_.emplace(std::pair(from, to), elapsed());
  return elapsed() - at->second < grey->span;
}

bool VirtualHost::too_fast() {
  const Behaviour* limit = active(Behaviour::What::rate_max);
  if (limit == nullptr) return false;
  while (!begun_.empty() && elapsed() - begun_.front() >= Seconds{1}) begun_.pop_front();
  if (begun_.size() >= limit->count) return true;
  begun_.push_back(elapsed());
  return false;
}

void VirtualHost::took(std::vector<std::string> recipients) {
  recorder_.taken({elapsed(), host_.label, std::move(recipients)});
}

}  // namespace waybill::rehearse
