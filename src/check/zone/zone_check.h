// zone_check.h: what a check of a zone file is. Each stands in a file of its own, src/check/zone/NAME.cc,
// with a page in docs/checks/; list.cc names them all. A zone check is a pure function from the file's
// records, each with its place, to findings that name a place. It asks nothing: what the file does not hold
// is outside.
#pragma once

#include <array>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "check/finding.h"
#include "dns/zone.h"
#include "dns/zone_file.h"

namespace waybill::check {

/// A zone file made ready for its checks. Views `file`, which must outlive it.
class ZoneView {
 public:
  using Set = std::vector<const dns::ZoneRecord*>;
  struct Key {
    dns::Name owner;
    dns::Type type = dns::Type::a;
    auto operator<=>(const Key&) const = default;
  };

  explicit ZoneView(const dns::ZoneFile& file);
  [[nodiscard]] const dns::ZoneFile& file() const { return file_; }
  [[nodiscard]] const dns::Name& origin() const { return file_.origin; }
  /// The records in the order of the file, by owner and type; those out of the zone too.
  [[nodiscard]] const std::map<Key, Set>& sets() const { return sets_; }
  /// nullptr: there is none.
  [[nodiscard]] const Set* set(const dns::Name& owner, dns::Type type) const;
  /// The zone as a name server would answer from it.
  [[nodiscard]] const dns::Zone& zone() const { return zone_; }
  /// The first record of the SOA; nullptr without one.
  [[nodiscard]] const dns::ZoneRecord* soa() const;

 private:
  const dns::ZoneFile& file_;
  std::map<Key, Set> sets_;
  dns::Zone zone_;
};

/// The name that a record points at: of MX, NS, CNAME, PTR, SRV, DNAME; else nothing.
[[nodiscard]] std::optional<dns::Name> target_of(const dns::Record& record);
/// Where aliases that begin at `name` end, as far as this zone tells; a loop ends anywhere within it.
[[nodiscard]] dns::Name end_of_aliases(const dns::Zone& zone, const dns::Name& name);

/// "mail.example.org.example.org": what a full name becomes that lacks its final dot.
[[nodiscard]] bool has_origin_twice(const dns::Name& name, const dns::Name& origin);
/// Below in-addr.arpa or ip6.arpa.
[[nodiscard]] bool is_reverse_zone(const dns::Name& origin);
/// `name` without the origin at its end, as it stands in the file. REQUIRES: name.is_within(origin).
[[nodiscard]] dns::Name relative_to(const dns::Name& name, const dns::Name& origin);

class ZoneReport;

struct ZoneCheck {
  /// A record with a syntax error is not there for the checks, so what seems to lack may just not be
  /// readable.
  enum class Judges : uint8_t { what_stands, what_lacks };

  std::string_view id;     ///< "zone.duplicate"
  uint16_t number = 0;     ///< of the project's catalogue of checks; 0: has none
  std::string_view title;  ///< what must hold, as one short sentence
  std::string_view ref;    ///< "RFC 2181 10.1"; empty: our own policy
  Judges judges = Judges::what_stands;
  /// Checks of a domain (catalogue.h) that find the same fault: `lint` reports this one alone at one record.
  std::array<std::string_view, 4> covers = {};
  void (*run)(const ZoneView& zone, ZoneReport& report) = nullptr;
};

/// Collects what one zone check finds.
class ZoneReport {
 public:
  explicit ZoneReport(const ZoneCheck& check) : check_(check) {}

  struct Fault {
    std::string subject;
    std::string got;
    std::string want;
    std::string fix;
    std::string_view ref = {};  ///< instead of the check's own
  };
  /// Which word of the record the finding points at.
  enum class At : uint8_t { record, target };
  void error(const dns::ZoneRecord& record, Fault fault, At at = At::record);
  void warning(const dns::ZoneRecord& record, Fault fault, At at = At::record);
  /// Where there is no record to point at.
  void error(Where where, Fault fault);

  [[nodiscard]] std::vector<Finding> take() { return std::move(findings_); }

 private:
  Finding& add(Level level, Fault fault);

  const ZoneCheck& check_;
  std::vector<Finding> findings_;
};

using ZoneChecks = std::span<const ZoneCheck* const>;
/// All zone checks there are.
[[nodiscard]] ZoneChecks zone_checks();
/// nullptr if there is none of that id.
[[nodiscard]] const ZoneCheck* find_zone_check(std::string_view id);

/// In the order of the checks. With syntax errors in the file, only those checks run that judge what stands
/// there.
[[nodiscard]] std::vector<Finding> check_zone_file(const ZoneView& zone);

}  // namespace waybill::check
