// check.h: what a check is. Each stands in a file of its own, src/check/FAMILY/NAME.cc, with a page of the
// same id in docs/checks/; its family's list (FAMILY/list.cc) and catalogue.h name it. A check is a pure
// function: it looks, reports and returns; when it lacked an answer it is called again from the start with a
// clean report.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "check/finding.h"
#include "check/look.h"

namespace waybill::check {

/// What is checked, and what whoever asks allows.
struct Subject {
  mail::Domain domain;
  dns::Name name;                      ///< the same
  std::vector<std::string> selectors;  ///< DKIM
  std::vector<IpAddress> sends_from;   ///< addresses that send mail for the domain
  std::vector<dns::Name> blocklists;   ///< zones to ask; empty: none
  std::vector<dns::Name> backups;      ///< hosts that are said to be backup MXs (--backup)
  std::vector<dns::Name> subdomains;   ///< known from a zone file; empty with the DNS, which can't be listed
  bool authoritative = false;          ///< ask each name server of the zone
  bool probe = false;                  ///< connect to each MX
  bool fetch_policy = false;           ///< HTTPS; off for a zone file
  bool lab = false;                    ///< reserved addresses are what a lab has
  uint16_t port = 25;                  ///< of the MXs, for probes

  [[nodiscard]] static Result<Subject> of(const mail::Domain& domain);
};

/// What a check needs to be run at all.
enum class Needs : uint8_t { dns, selector, sender, backup, blocklist, authoritative, policy, probe };

class Report;

struct Check {
  std::string_view id;     ///< "mx.target-is-cname"
  uint16_t number = 0;     ///< of the project's catalogue of checks; 0: has none
  std::string_view title;  ///< what must hold, as one short sentence: "No MX target is a CNAME"
  std::string_view ref;    ///< "RFC 2181 10.3"; empty: our own policy
  Needs needs = Needs::dns;
  void (*run)(const Subject& subject, Look& look, Report& report) = nullptr;
};

/// Collects what one check finds. Nothing reported: fine.
class Report {
 public:
  explicit Report(const Check& check) : check_(check) {}

  struct Fault {
    std::string subject;
    std::string got;
    std::string want;
    std::string fix;
    std::optional<About> about = std::nullopt;
    std::string_view ref = {};  ///< instead of the check's own
  };
  void error(Fault fault) { add(Level::error, std::move(fault)); }
  void warning(Fault fault) { add(Level::warning, std::move(fault)); }
  void notice(Fault fault) { add(Level::notice, std::move(fault)); }
  void add(Level level, Fault fault);
  /// It can't be said: `what` was asked ("MX of example.org"), and `why` is the answer's own.
  void unknown(const dns::Name& name, dns::Type type, const dns::Answer& answer);
  void unknown(std::string subject, std::string why);
  /// The check has nothing to judge here: "example.org has no MX". The first reason counts.
  void skip(std::string why) {
    if (skipped_.empty()) skipped_ = std::move(why);
  }

  [[nodiscard]] const std::vector<Finding>& findings() const { return findings_; }
  [[nodiscard]] const std::string& skipped() const { return skipped_; }

 private:
  const Check& check_;
  std::vector<Finding> findings_;
  std::string skipped_;
};

/// The answer, or nullptr when it is open still or could not be had, which is then reported.
[[nodiscard]] const dns::Answer* known(Look& look, Report& report, const dns::Name& name, dns::Type type);

/// The MX hosts as they stand in the answer, by preference; the root (null MX) among them.
[[nodiscard]] std::vector<dns::Mx> mx_of(const dns::Answer& answer);

/// The TXT records at `name` that begin with `version` in any case and end there or go on with `;` or a
/// blank.
struct TaggedText {
  std::vector<const dns::Record*> records;
  std::vector<std::string> texts;  ///< their strings joined without a blank (RFC 7208 3.3)
};
[[nodiscard]] TaggedText texts_with(const dns::Answer& answer, std::string_view version);

}  // namespace waybill::check
