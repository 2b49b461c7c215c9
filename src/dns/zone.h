// zone.h: a zone in memory, asked as an authoritative server asks it: CNAME, wildcards (RFC 4592),
// delegation, empty non-terminals, NXDOMAIN. Immutable once built, so any number of threads may ask it. One
// hash lookup a label: 100,000 names cost no more than ten.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dns/record.h"
#include "dns/zone_file.h"

namespace waybill::dns {

struct RecordSet {
  Type type = Type::a;
  std::vector<Record> records;  ///< one TTL: the lowest that was given (RFC 2181 5.2)
};

class Zone {
 public:
  enum class Status : uint8_t {
    answer,      ///< `set` holds the records
    cname,       ///< `set` holds the one CNAME; the question goes on at its target
    nodata,      ///< the name exists, this type does not
    nxdomain,    ///< nothing there, nor below
    delegation,  ///< `set` holds the NS records of a child zone that is not here
    out_of_zone,
  };
  struct Found {
    Status status = Status::out_of_zone;
    const RecordSet* set = nullptr;
    bool wildcard = false;  ///< the records' owner is to be replaced by the name asked for
  };

  /// Records outside `origin` are left out. Without a SOA, one is made up (minimum 60 s), so that absence has
  /// a TTL.
  Zone(Name origin, std::vector<Record> records);

  [[nodiscard]] const Name& origin() const { return origin_; }
  [[nodiscard]] const Record& soa() const { return soa_; }
  [[nodiscard]] bool soa_made_up() const { return soa_made_up_; }
  /// RFC 2308 3: the SOA for a negative answer, its TTL already min(TTL, MINIMUM).
  [[nodiscard]] Record negative_soa() const;
  [[nodiscard]] Found find(const Name& name, Type type) const;
  /// Everything at exactly this name (for type ANY and for additional data); nullptr if there is nothing.
  [[nodiscard]] const std::vector<RecordSet>* node(const Name& name) const;
  /// The found records, owners as the question wants them.
  [[nodiscard]] static std::vector<Record> records_of(const Found& found, const Name& asked);
  [[nodiscard]] size_t names() const { return nodes_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  struct Node {
    std::vector<RecordSet> sets;  ///< empty: an empty non-terminal
  };
  using Nodes = std::unordered_map<std::string, Node, Hash, std::equal_to<>>;

  void add(Record record);
  [[nodiscard]] const Node* node_at(std::string_view wire) const;
  [[nodiscard]] static const RecordSet* set_of(const Node& node, Type type);
  [[nodiscard]] static Found found_at(const Node& node, Type type, bool wildcard);

  Name origin_;
  Record soa_;
  bool soa_made_up_ = false;
  Nodes nodes_;
};

/// Several zones, the deepest that holds a name first. Immutable, shared between threads.
class ZoneSet {
 public:
  void add(std::shared_ptr<const Zone> zone);
  /// The zone that answers for `name`: the deepest; nullptr if none does.
  [[nodiscard]] const Zone* find(const Name& name) const;
  /// The zone above `name` (for DS, which the parent answers: RFC 4035 3.1.4.1); nullptr if it is not here.
  [[nodiscard]] const Zone* find_parent_side(const Name& name) const;
  [[nodiscard]] const std::vector<std::shared_ptr<const Zone>>& zones() const { return zones_; }
  [[nodiscard]] bool empty() const { return zones_.empty(); }

 private:
  std::vector<std::shared_ptr<const Zone>> zones_;
  std::map<Name, const Zone*> by_origin_;
};

/// One file → its zones: one for each SOA; records under no SOA become loose zones of the topmost names among
/// them (below $ORIGIN, if there is one), so that a few lines of overlay need no ceremony.
[[nodiscard]] std::vector<std::shared_ptr<const Zone>> zones_of(const ZoneFile& file);

/// What RFC 1034 and 2181 forbid within a zone, each with its place: a CNAME beside other data (RFC
/// 2181 10.1), two SOAs, NS missing at the origin, records out of the zone.
[[nodiscard]] std::vector<ZoneError> check_zone(const ZoneFile& file);

}  // namespace waybill::dns
