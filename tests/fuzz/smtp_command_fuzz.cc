// Command lines, paths, parameters, xtext: whatever comes out has no control characters, and every refusal is
// a proper 5yz with a class that fits.
#include <cstdlib>

#include "base/bytes.h"
#include "smtp/command.h"
#include "smtp/parameters.h"
#include "smtp/path.h"
#include "smtp/xtext.h"

namespace {
using namespace waybill;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const mail::Reply& reply) {
  require(reply.permanent());
  require(reply.enhanced.klass == 5);
}

void check(const mail::Address& address) {
  require(!smtp::has_control(address.local) && is_utf8(address.local) && address.local.size() <= 64);
  require(address.domain.text().size() <= 255 && is_ascii(address.domain.text()));
  if (address.domain.empty()) {
    require(iequals(address.local, "postmaster"));
    return;
  }
  // What we write, we read back as the same.
  const auto again = smtp::parse_path("<" + address.to_string() + ">", smtp::PathKind::forward);
  require(again.has_value() && *again->address == address);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto command = smtp::parse_command(text);
  for (const auto extensions : {smtp::Extensions::offered, smtp::Extensions::none}) {
    if (const auto mail = smtp::parse_mail(command.argument, extensions)) {
      if (mail->from) check(*mail->from);
      require(!smtp::has_control(mail->envid) && mail->envid.size() <= 100);
    } else {
      check(mail.error());
    }
    if (const auto rcpt = smtp::parse_rcpt(command.argument, extensions)) {
      check(rcpt->recipient.address);
      require(!smtp::has_control(rcpt->recipient.orcpt) && rcpt->recipient.orcpt.size() <= 500);
    } else {
      check(rcpt.error());
    }
  }
  if (const auto bdat = smtp::parse_bdat(command.argument); !bdat) check(bdat.error());
  if (const auto helo = smtp::parse_helo(command.argument); !helo) check(helo.error());
  require(smtp::decode_xtext(smtp::encode_xtext(text)).value() == text);
  if (const auto decoded = smtp::decode_xtext(text))
    require(smtp::decode_xtext(smtp::encode_xtext(*decoded)).value() == *decoded);
  return 0;
}
