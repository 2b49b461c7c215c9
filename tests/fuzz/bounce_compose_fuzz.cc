// Hostile words from servers and senders in a report: its structure must stand.
#include <cstdlib>

#include "bounce/report.h"
#include "support/report_reader.h"

namespace {
using namespace waybill;

// Cuts the input at 0xFE, which no text has: one piece for each place where outside text goes.
class Pieces {
 public:
  explicit Pieces(std::string_view input) : left_(input) {}
  std::string next() {
    const size_t end = left_.find('\xfe');
    std::string out(left_.substr(0, end));
    left_.remove_prefix(end == std::string_view::npos ? left_.size() : end + 1);
    return out;
  }

 private:
  std::string_view left_;
};

void require(bool holds) {
  if (!holds) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > 256 * 1024) return 0;
  Pieces pieces({reinterpret_cast<const char*>(data) + 1, size - 1});
  bounce::Original original;
  original.envelope.smtputf8 = (data[0] & 1) != 0;
  original.envelope.ret = static_cast<mail::Ret>((data[0] >> 1) % 3);
  original.envelope.from = mail::Address{pieces.next(), mail::Domain::literal(IpAddress{})};
  original.envelope.envid = pieces.next();
  original.origin.helo = pieces.next();
  bounce::Recipient recipient;
  recipient.action = static_cast<bounce::Action>((data[0] >> 3) % 5);
  recipient.remote = (data[0] & 0x80) != 0;
  recipient.recipient.address = {pieces.next(), mail::Domain::literal(IpAddress{})};
  recipient.recipient.orcpt = pieces.next();
  recipient.reply = {550, {5, 1, 1}, pieces.next()};
  recipient.host = pieces.next();
  original.body =
      std::make_shared<mail::MemoryBody>(std::vector<Chunk>{Chunk(pieces.next()), Chunk(pieces.next())});

  bounce::Settings settings;
  settings.hostname = mail::Domain::parse("mx.example.net").value();
  const auto report = bounce::compose(original, {recipient}, settings, MessageId{8}, Time{});
  require(report.has_value());
  const std::string text = bounce::test::text_of(*report);
  require(bounce::test::lines_are_sound(text));
  const auto whole = bounce::test::read_entity(text);
  require(whole && whole->count("To") == 1 && whole->count("Content-Type") == 1);
  const auto parts = bounce::test::read_parts(*whole);
  require(parts && parts->size() == 3);
  const auto groups = bounce::test::read_groups(parts->at(1).body);
  require(groups && groups->size() == 2 && groups->at(1).count("Action") == 1 &&
          groups->at(1).count("Status") == 1);
  return 0;
}
