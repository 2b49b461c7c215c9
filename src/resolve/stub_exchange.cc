#include "resolve/stub_exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "resolve/packet_answer.h"
#include "resolve/stub_reply.h"

namespace waybill::resolve {
using dns::Answer;
using dns::Question;
using Outcome = AdaptiveWindow::Outcome;

StubExchange::StubExchange(StubOptions options, Random random)
    : options_(std::move(options)), random_(std::move(random)) {
  for (const Endpoint& at : options_.servers) {
    servers_.push_back({at, AdaptiveWindow(options_.window), RateLimit(options_.per_second_max), {}});
    servers_.back().channels.resize(std::max<size_t>(options_.channels, 1));
    // Not all at once: each gives way at a time of its own.
    for (Channel& channel : servers_.back().channels)
      channel.queries_left =
          options_.channel_queries_max / 2 + random_() % (options_.channel_queries_max / 2 + 1);
  }
}

uint32_t StubExchange::take_slot() {
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(flights_.size()));
    flights_.emplace_back();
  }
  const uint32_t index = free_.back();
  free_.pop_back();
  return index;
}

void StubExchange::ask(const Question& question, Done done, Steady now) {
  if (const auto known = by_question_.find(question); known != by_question_.end()) {
    flights_[known->second].waiters.push_back(std::move(done));
    return;
  }
  if (fresh_.size() >= options_.waiting_max) {
    ended_.push_back(
        {{}, Answer::failure(fmt::format("over {} questions wait already", options_.waiting_max))});
    ended_.back().waiters.push_back(std::move(done));
    return;
  }
  const uint32_t index = take_slot();
  Flight& flight = flights_[index];
  flight = Flight{.generation = ++generations_, .question = question, .current = question};
  flight.so_far.ttl_s = UINT32_MAX;
  flight.waiters.push_back(std::move(done));
  flight.give_up = now + options_.timeout;
  flight.last_server = static_cast<uint32_t>(servers_.size());
  flight.waits = true;
  by_question_.emplace(question, index);
  fresh_.emplace_back(index, flight.generation);
  due_.push({flight.give_up, index, flight.generation, 0});
}

// ---- sending --------------------------------------------------------------------------------------------

/// The server with room that comes next in turn: one that was not asked yet, else another than the last, else
/// any. `only`: that one or none.
std::optional<size_t> StubExchange::pick_server(const Flight& flight, std::optional<size_t> only,
                                                Steady now) {
  const auto takes = [&](size_t at) { return servers_[at].window.has_room() && servers_[at].rate.take(now); };
  const auto was_asked = [&](size_t at) {
    const auto end = flight.tries.begin() + flight.tried;
    return std::any_of(flight.tries.begin(), end, [at](const Try& each) { return each.server == at; });
  };
  if (only) return (flight.tried == 0 || !was_asked(*only)) && takes(*only) ? only : std::nullopt;
  for (const int pass : {0, 1, 2}) {
    for (size_t i = 0; i < servers_.size(); ++i) {
      const size_t at = (next_server_ + i) % servers_.size();
      if ((pass == 0 && was_asked(at)) || (pass == 1 && at == flight.last_server) || !takes(at)) continue;
      next_server_ = at + 1;
      return at;
    }
    if (flight.tried == 0) break;
  }
  return std::nullopt;
}

size_t StubExchange::pick_channel(Server& server) {
  const size_t start = random_() % server.channels.size();
  for (size_t i = 0; i < server.channels.size(); ++i) {
    const size_t at = (start + i) % server.channels.size();
    if (!server.channels[at].retiring) return at;
  }
  return start;  // all wait for their last answers: then the old port serves on
}

std::string StubExchange::send(uint32_t index, size_t at, size_t channel_at, Steady now) {
  Flight& flight = flights_[index];
  Server& server = servers_[at];
  Channel& channel = server.channels[channel_at];
  auto id = static_cast<uint16_t>(random_());
  while (channel.by_id.contains(id)) id = static_cast<uint16_t>(random_());
  channel.by_id.emplace(id, index);
  if (channel.queries_left > 0 && --channel.queries_left == 0) channel.retiring = true;
  const Millis span = options_.try_first * (1 << flight.tried);
  flight.tries[flight.tried++] = {.server = static_cast<uint32_t>(at),
                                  .channel = static_cast<uint32_t>(channel_at),
                                  .id = id,
                                  .listening = true,
                                  .open = true,
                                  .number = server.window.sent(),
                                  .serial = ++serials_};
  due_.push({now + span, index, flight.generation, serials_});
  flight.last_server = static_cast<uint32_t>(at);
  flight.waits = false;
  ++counts_.queries;
  return stub_query(flight.current, id, flight.edns);
}

std::optional<StubExchange::Batch> StubExchange::next(Steady now, size_t datagrams_max) {
  std::optional<Batch> batch;
  while (!batch || batch->datagrams.size() < datagrams_max) {
    auto& queue = again_.empty() ? fresh_ : again_;
    if (queue.empty()) break;
    const auto [index, generation] = queue.front();
    const Flight& flight = flights_[index];
    if (flight.generation != generation || !flight.waits) {
      queue.pop_front();
      continue;
    }
    const auto server = pick_server(flight, batch ? std::optional(batch->server) : std::nullopt, now);
    if (!server) break;
    queue.pop_front();
    if (!batch) batch = Batch{*server, pick_channel(servers_[*server]), {}};
    batch->datagrams.push_back(send(index, *server, batch->channel, now));
  }
  return batch;
}

// ---- replies --------------------------------------------------------------------------------------------

void StubExchange::received(size_t server, size_t channel, std::string_view packet, Steady now) {
  const auto& by_id = servers_[server].channels[channel].by_id;
  const auto known = packet.size() < 2 ? by_id.end() : by_id.find(packet_id(packet));
  if (known == by_id.end()) {
    ++counts_.ignored;
    return;
  }
  on_reply(known->second, server, packet, now, false);
}

void StubExchange::on_reply(uint32_t index, size_t server, std::string_view packet, Steady now, bool tcp) {
  Flight& flight = flights_[index];
  StubReply reply = read_stub_reply(flight.current, packet);
  if (tcp && (reply.what == StubReply::What::other || reply.what == StubReply::What::truncated)) {
    reply = {StubReply::What::no_help, Answer::failure("malformed answer over TCP")};
  }
  if (reply.what == StubReply::What::plain && !flight.edns)
    reply = {StubReply::What::no_help,
             Answer::failure(reply.answer.why.empty() ? "FORMERR" : reply.answer.why)};
  switch (reply.what) {
    case StubReply::What::other:
      ++counts_.ignored;
      return;
    case StubReply::What::answer:
      close_tries(flight, Outcome::answered, server);
      merge(flight, reply.answer);
      return finish(index, std::move(reply.answer));
    case StubReply::What::follow:
      close_tries(flight, Outcome::answered, server);
      return follow(index, std::move(reply.answer));
    case StubReply::What::truncated:
      close_tries(flight, Outcome::answered, server);
      flight.tcp = true;
      ++counts_.over_tcp;
      tcp_.push_back({server, index, flight.generation,
                      stub_query(flight.current, static_cast<uint16_t>(random_()), flight.edns)});
      return;
    case StubReply::What::plain:
      close_tries(flight, Outcome::answered, server);
      flight.edns = false;
      flight.last_server = static_cast<uint32_t>(servers_.size());  // the same one may be asked
      return next_try(index, now);
    case StubReply::What::no_help:
      return on_no_help(index, server, std::move(reply.answer.why), now);
  }
}

void StubExchange::on_no_help(uint32_t index, size_t server, std::string why, Steady now) {
  Flight& flight = flights_[index];
  ++counts_.refused;
  flight.why = fmt::format("{} (asked {})", why, servers_[server].at.to_string());
  flight.refused = true;
  close_tries(flight, Outcome::refused, server);
  // A failure that a server has just told is not asked of it again (RFC 9520).
  if (servers_.size() == 1 || flight.tried >= std::min(servers_.size(), kTriesMax))
    return finish(index, Answer::failure(flight.why));
  next_try(index, now);
}

/// Goes on at the end of what this server knew of the chain.
void StubExchange::follow(uint32_t index, Answer link) {
  Flight& flight = flights_[index];
  merge(flight, link);
  const auto& chain = link.chain;
  const bool again = std::ranges::find(chain, link.canonical) != chain.end();
  if (again || chain.size() > kChainLinksMax) {
    link.kind = dns::Kind::failed;
    link.loop = true;
    link.why = again ? "a CNAME loop" : fmt::format("a CNAME chain of over {} links", kChainLinksMax);
    return finish(index, std::move(link));
  }
  flight.current.name = link.canonical;
  flight.so_far = std::move(link);
  flight.tried = 0;
  flight.last_server = static_cast<uint32_t>(servers_.size());
  flight.waits = true;
  again_.emplace_back(index, flight.generation);
}

/// Puts what earlier links said before this answer.
void StubExchange::merge(Flight& flight, Answer& answer) const {
  if (flight.so_far.chain.empty()) return;
  answer.chain.insert(answer.chain.begin(), flight.so_far.chain.begin(), flight.so_far.chain.end());
  answer.ttl_s = std::min(answer.ttl_s, flight.so_far.ttl_s);
}

/// None of this flight's tries is listened for any more.
void StubExchange::close_tries(Flight& flight, Outcome outcome, size_t answered_by) {
  for (uint8_t i = 0; i < flight.tried; ++i) {
    Try& each = flight.tries[i];
    Server& server = servers_[each.server];
    Channel& channel = server.channels[each.channel];
    if (std::exchange(each.listening, false)) channel.by_id.erase(each.id);
    if (channel.retiring && channel.by_id.empty()) {
      renew_.emplace_back(each.server, each.channel);
      channel.retiring = false;
      channel.queries_left = options_.channel_queries_max;
    }
    // A try that another answer overtook was no loss as far as anybody knows.
    if (std::exchange(each.open, false))
      server.window.settle(each.number, each.server == answered_by ? outcome : Outcome::answered);
  }
}

// ---- time-outs and ends ---------------------------------------------------------------------------------

void StubExchange::next_try(uint32_t index, Steady now) {
  Flight& flight = flights_[index];
  if (flight.tried >= kTriesMax) return give_up(index, now);
  flight.waits = true;
  again_.emplace_back(index, flight.generation);
}

void StubExchange::expire(Steady now) {
  while (!due_.empty() && due_.top().at <= now) {
    const Due due = due_.top();
    due_.pop();
    Flight& flight = flights_[due.flight];
    if (flight.generation != due.generation) continue;
    if (due.serial == 0) {
      give_up(due.flight, now);
      continue;
    }
    const auto late = std::ranges::find(flight.tries, due.serial, &Try::serial);
    if (late != flight.tries.end() && late->open) on_timeout(due.flight, *late, now);
  }
}

void StubExchange::on_timeout(uint32_t index, Try& late, Steady now) {
  late.open = false;
  servers_[late.server].window.settle(late.number, Outcome::lost);
  ++counts_.lost;
  if (flights_[index].tried < kTriesMax) ++counts_.again;
  next_try(index, now);
}

void StubExchange::give_up(uint32_t index, Steady now) {
  Flight& flight = flights_[index];
  for (Try& each : flight.tries) {
    if (!std::exchange(each.open, false)) continue;
    servers_[each.server].window.settle(each.number, Outcome::lost);
    ++counts_.lost;
  }
  const Millis waited = options_.timeout - (flight.give_up - now);
  std::string why = flight.tried == 0
                        ? fmt::format("not asked within {}: no server took more questions",
                                      format_duration(options_.timeout))
                        : fmt::format("timed out after {} and {} {} (asked {})", format_duration(waited),
                                      flight.tried, flight.tried == 1 ? "try" : "tries", asked_text());
  if (flight.refused) why = flight.why + "; then " + why;
  finish(index, Answer::failure(std::move(why)));
}

void StubExchange::finish(uint32_t index, Answer answer) {
  Flight& flight = flights_[index];
  close_tries(flight, Outcome::lost, servers_.size());
  if (answer.canonical.is_root() && !flight.question.name.is_root()) answer.canonical = flight.question.name;
  by_question_.erase(flight.question);
  ended_.push_back({std::move(flight.waiters), std::move(answer)});
  flight = Flight{};
  free_.push_back(index);
}

void StubExchange::fail_all(const std::string& why) {
  for (uint32_t index = 0; index < flights_.size(); ++index) {
    if (flights_[index].generation != 0) finish(index, Answer::failure(why));
  }
}

void StubExchange::deliver() {
  // What is called may ask again, and so end something at once.
  while (!ended_.empty()) {
    for (Ended& each : std::exchange(ended_, {})) {
      for (size_t i = 0; i + 1 < each.waiters.size(); ++i) each.waiters[i](each.answer);
      each.waiters.back()(std::move(each.answer));
    }
  }
}

std::optional<Steady> StubExchange::wake_at(Steady now) const {
  std::optional<Steady> at;
  if (!due_.empty()) at = due_.top().at;
  if (!again_.empty() || !fresh_.empty()) {
    for (const Server& server : servers_) {
      // Without room an answer or a time-out wakes us.
      if (!server.window.has_room()) continue;
      const Steady next = std::max(server.rate.next(now), now + Millis(1));
      at = at ? std::min(*at, next) : next;
    }
  }
  return at;
}

std::optional<std::pair<size_t, size_t>> StubExchange::next_to_renew() {
  if (renew_.empty()) return std::nullopt;
  const auto last = renew_.back();
  renew_.pop_back();
  return last;
}

// ---- TCP ------------------------------------------------------------------------------------------------

std::optional<StubExchange::TcpWork> StubExchange::next_tcp() {
  while (!tcp_.empty()) {
    TcpWork work = std::move(tcp_.front());
    tcp_.pop_front();
    if (flights_[work.flight].generation == work.generation) return work;
  }
  return std::nullopt;
}

void StubExchange::over_tcp(const TcpWork& work, const Result<std::string>& packet, Steady now) {
  Flight& flight = flights_[work.flight];
  if (flight.generation != work.generation) return;
  flight.tcp = false;
  if (!packet) return on_no_help(work.flight, work.server, "over TCP: " + packet.error().what, now);
  if (packet_id(*packet) != packet_id(work.query))
    return on_no_help(work.flight, work.server, "over TCP: an answer with a wrong id", now);
  on_reply(work.flight, work.server, *packet, now, true);
}

StubCounts StubExchange::counts() const {
  StubCounts counts = counts_;
  for (const Server& server : servers_) counts.window += server.window.size();
  return counts;
}

std::string StubExchange::asked_text() const {
  std::string text;
  for (const Server& server : servers_) text += (text.empty() ? "" : ", ") + server.at.to_string();
  return text;
}

}  // namespace waybill::resolve
