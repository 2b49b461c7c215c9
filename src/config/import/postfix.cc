// postfix.cc: import_postfix(): the order of its parts.
#include "config/import/postfix.h"

namespace waybill::config::moving {

Result<Imported> import_postfix(const std::string& folder, const ReadFile& read,
                                const std::string& machine_name) {
  std::string clean = folder;
  while (clean.size() > 1 && clean.ends_with('/')) clean.pop_back();
  const Places places(clean, "/etc/postfix", read);
  const std::string file = clean + "/main.cf";
  auto text = read(file);
  if (!text) return pass(text.error());
  const MainCf main(*text, file, machine_name);
  Draft draft("Postfix", clean);
  PostfixImport import{places, main, draft, {}, {}};
  for (const Line& line : main.odd())
    draft.leave({file, line.number, line.text}, "not a line of the form name = value");
  carry_settings(import);
  carry_listeners(import);
  carry_networks(import);
  read_transports(import);
  carry_domains(import);
  carry_recipients(import);
  carry_routes(import);
  tell_rest(import);
  return draft.finish();
}

}  // namespace waybill::config::moving
