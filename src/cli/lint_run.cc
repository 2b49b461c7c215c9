#include "cli/lint_run.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <tuple>

#include "check/run.h"
#include "check/zone/zone_check.h"
#include "cli/lint_place.h"
#include "resolve/overlay_resolver.h"

namespace waybill::cli {
namespace {
using check::Finding;
using check::Level;

/// A few questions each; the names beyond are judged no differently by the zone checks.
constexpr size_t kSubdomainsMax = 1000;

/// One $GENERATE can make the same fault 65536 times.
constexpr size_t kAtOnePlaceMax = 5;

/// Stands behind the zones at hand.
class Outside final : public dns::Resolver {
 public:
  void resolve(const dns::Question&, Done done) override {
    done(dns::Answer::failure(std::string(check::kOutsideTheZone)));
  }
};

/// The first label, without its length octet. REQUIRES: not the root.
std::string_view first_label(const dns::Name& name) {
  return std::string_view(name.wire()).substr(1, static_cast<uint8_t>(name.wire()[0]));
}

/// Whether a mail address can end in it; names of services and wildcards can't.
bool is_mail_name(const dns::Name& name) {
  for (dns::Name at = name; !at.is_root(); at = at.parent()) {
    const auto label = first_label(at);
    if (label.starts_with('_') || label == "*") return false;
  }
  return !name.is_root();
}

/// The zone's names to which the domain checks are put, with what the zone tells of each.
class Subjects {
 public:
  Subjects(const check::ZoneView& zone, const LintOptions& options) : zone_(zone) {
    // Nobody has a mailbox in a reverse zone, unless an MX there says so.
    if (!check::is_reverse_zone(zone.origin())) add(zone.origin(), options);
    for (const auto& [key, set] : zone.sets()) {
      if (key.type != dns::Type::mx || subjects_.contains(key.owner) || !stands(key.owner)) continue;
      if (subjects_.size() >= options.domains_max) {
        ++left_out_;
      } else {
        add(key.owner, options);
      }
    }
    dns::Name last;
    for (const auto& [key, set] : zone.sets()) {
      if (key.owner == last) continue;
      last = key.owner;
      tell(key.owner);
    }
  }
  [[nodiscard]] size_t left_out() const { return left_out_; }
  [[nodiscard]] std::vector<check::Subject> take() {
    std::vector<check::Subject> out;
    for (auto& [name, subject] : subjects_) out.push_back(std::move(subject));
    return out;
  }

 private:
  /// In the zone itself, not below a delegation.
  [[nodiscard]] bool stands(const dns::Name& name) const {
    const auto status = zone_.zone().find(name, dns::Type::mx).status;
    return status != dns::Zone::Status::out_of_zone && status != dns::Zone::Status::delegation;
  }
  void add(const dns::Name& name, const LintOptions& options) {
    if (!is_mail_name(name)) return;
    const auto domain = mail::Domain::parse(name.to_string());
    if (!domain) return;  // no mail address can end in it
    auto subject = check::Subject::of(*domain);
    if (!subject) return;
    subject->lab = options.lab;
    subjects_.emplace(name, std::move(*subject));
  }
  /// What `name` is to the subjects above it: a subdomain, or the place of a DKIM selector.
  void tell(const dns::Name& name) {
    std::string selector;
    const bool mail_name = is_mail_name(name) && stands(name);
    for (dns::Name at = name; !at.is_root(); at = at.parent()) {
      if (first_label(at) == "_domainkey" && !selector.empty()) {
        if (selector.starts_with('*')) return;  // says that there are no others
        if (const auto found = subjects_.find(at.parent()); found != subjects_.end())
          found->second.selectors.push_back(selector);
        return;
      }
      if (mail_name && at != name) {
        if (const auto found = subjects_.find(at); found != subjects_.end())
          if (found->second.subdomains.size() < kSubdomainsMax) found->second.subdomains.push_back(name);
      }
      if (at == zone_.origin()) return;
      selector += (selector.empty() ? "" : ".") + std::string(first_label(at));
    }
  }

  const check::ZoneView& zone_;
  std::map<dns::Name, check::Subject> subjects_;
  size_t left_out_ = 0;
};

/// What only looks unknown because it stands outside.
bool is_outside(const Finding& finding) {
  return finding.level == Level::unknown && finding.got.find(check::kOutsideTheZone) != std::string::npos;
}

/// Which (zone check, record) pairs have spoken for which domain checks.
class Covered {
 public:
  explicit Covered(const std::vector<Finding>& zone_findings) {
    for (const Finding& finding : zone_findings) {
      const check::ZoneCheck* by = check::find_zone_check(finding.id);
      for (const auto id : by->covers) {
        if (id.empty() || !finding.about) continue;
        said_.insert(key(id, *finding.about));
        said_.insert(key(id, {finding.about->owner, finding.about->type, std::nullopt}));
      }
    }
  }
  /// A finding about a whole set is the same as one about any record of it.
  [[nodiscard]] bool holds(const Finding& finding) const {
    return finding.about && said_.contains(key(finding.id, *finding.about));
  }

 private:
  using Key = std::tuple<std::string, dns::Name, dns::Type, std::string>;
  static Key key(std::string_view id, const check::About& about) {
    return {std::string(id), about.owner, about.type,
            about.data ? "=" + dns::encode_rdata(about.type, *about.data) : ""};
  }
  std::set<Key> said_;
};

using Key = std::tuple<int, int, std::string, int, std::string, std::string>;

/// By place; the same said of the same thing for several domains once; many of one kind at one line (a
/// $GENERATE) together.
std::vector<Finding> in_order(std::vector<Finding> findings, const std::string& file) {
  const auto key = [&](const Finding& finding) {
    const check::Where& where = *finding.where;
    return Key{where.file == file ? 0 : 1, where.line, where.file, where.column, finding.id, finding.subject};
  };
  std::ranges::stable_sort(findings, {}, key);
  std::vector<Finding> out;
  size_t here = 0;  // of one kind at one place
  const auto close = [&] {
    if (here > kAtOnePlaceMax)
      out.back().got += fmt::format(" (and {} more like it from this line)", here - kAtOnePlaceMax);
    here = 0;
  };
  for (Finding& finding : findings) {
    const bool goes_on = !out.empty() && out.back().id == finding.id && out.back().where == finding.where;
    if (!goes_on) close();
    if (goes_on && out.back().subject == finding.subject && out.back().got == finding.got) continue;
    if (++here <= kAtOnePlaceMax) out.push_back(std::move(finding));
  }
  close();
  return out;
}

/// Check, subject, file and line of all that domain checks found in any of the files.
using Seen = std::set<std::tuple<std::string, std::string, std::string, int>>;

void check_domains(const check::ZoneView& zone, dns::ZoneSet zones, const Places& places,
                   const LintOptions& options, Seen& seen, Linted& out) {
  Subjects found(zone, options);
  out.domains_left_out = found.left_out();
  const auto subjects = found.take();
  out.domains = subjects.size();
  resolve::OverlayResolver resolver(std::move(zones), std::make_unique<Outside>());
  const auto all = check::check_blocking(check::catalogue(), subjects, {.resolver = resolver});
  const Covered covered(out.findings);
  struct Said {
    bool spoke = false, found = false;
  };
  std::map<std::string_view, Said> said;
  for (size_t i = 0; i < all.size(); ++i) {
    for (const check::Ran& ran : all[i]) {
      Said& here = said[ran.check->id];
      here.spoke = here.spoke || ran.state == check::State::fine;
      Seen own;
      for (Finding finding : ran.findings) {
        if (is_outside(finding)) continue;
        here.spoke = true;
        if (covered.holds(finding)) continue;
        here.found = true;
        finding.where = places.of(finding, subjects[i].name);
        // The same host's fault, seen from each domain that it serves; one domain may have several of a kind.
        auto key = std::tuple{finding.id, finding.subject, finding.where->file, finding.where->line};
        if (seen.contains(key)) continue;
        own.insert(std::move(key));
        out.findings.push_back(std::move(finding));
      }
      seen.merge(own);
    }
  }
  for (const auto& [id, here] : said) {
    ++(here.spoke ? out.checks : out.outside);
    if (here.spoke && !here.found) ++out.fine;
  }
}

void count_zone_checks(Linted& out) {
  for (const check::ZoneCheck* each : check::zone_checks()) {
    ++out.checks;
    if (std::ranges::find(out.findings, each->id, &Finding::id) == out.findings.end()) ++out.fine;
  }
}
}  // namespace

std::vector<Linted> lint(const std::vector<dns::ZoneFile>& files, const LintOptions& options) {
  std::vector<std::vector<std::shared_ptr<const dns::Zone>>> zones;
  dns::ZoneSet together;
  for (const dns::ZoneFile& file : files) {
    zones.push_back(dns::zones_of(file));
    for (const auto& zone : zones.back()) together.add(zone);
  }
  const Places all(files);
  std::vector<Linted> out;
  Seen seen;
  for (size_t i = 0; i < files.size(); ++i) {
    const check::ZoneView view(files[i]);
    Linted& linted = out.emplace_back();
    linted.findings = check::check_zone_file(view);
    count_zone_checks(linted);
    if (files[i].errors.empty() && !files[i].records.empty()) {
      dns::ZoneSet with_own = together;  // of two files for one zone, each is judged by itself
      for (const auto& zone : zones[i]) with_own.add(zone);
      check_domains(view, std::move(with_own), all.before(i), options, seen, linted);
    }
    linted.findings = in_order(std::move(linted.findings), files[i].name);
  }
  return out;
}

}  // namespace waybill::cli
