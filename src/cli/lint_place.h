// lint_place.h: from what a finding is about to its place in the zone files. Pure.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "check/finding.h"
#include "dns/zone_file.h"

namespace waybill::cli {

class Places {
 public:
  /// Views the files, which must outlive it.
  explicit Places(const std::vector<dns::ZoneFile>& files);
  /// The same, looking into that file before the others.
  [[nodiscard]] Places before(size_t file) const;

  /// The record that the finding is about; without one the first of its set; else the first at the subject's
  /// name, or at `domain`; else the zone's SOA; else the file's first line.
  [[nodiscard]] check::Where of(const check::Finding& finding, const dns::Name& domain) const;

 private:
  using ByType = std::multimap<dns::Type, const dns::ZoneRecord*>;  ///< in the order of the file
  struct Index {
    const dns::ZoneFile* file = nullptr;
    std::map<dns::Name, ByType> names;
  };
  [[nodiscard]] const dns::ZoneRecord* record_of(const check::About& about) const;
  [[nodiscard]] const dns::ZoneRecord* at_name(const dns::Name& name) const;
  [[nodiscard]] const ByType* find(const Index& index, const dns::Name& name) const;
  [[nodiscard]] std::vector<const Index*> in_order() const;

  std::shared_ptr<const std::vector<Index>> indexes_;
  size_t first_ = 0;
};

}  // namespace waybill::cli
