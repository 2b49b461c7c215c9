// places.h: the files that a configuration names, found also where the folder is a copy from another machine:
// what stood in /etc/postfix is looked for in the folder first; and the lookup tables among them.
#pragma once

#include <string>
#include <vector>

#include "config/import/import.h"
#include "config/import/lines.h"

namespace waybill::config::moving {

struct Found {
  std::string file;  ///< where it was found
  std::string text;
};

class Places {
 public:
  /// `usual`: where the system itself has this folder, "/etc/postfix".
  Places(std::string folder, std::string usual, ReadFile read)
      : folder_(std::move(folder)), usual_(std::move(usual)), read_(std::move(read)) {}
  [[nodiscard]] Result<Found> find(const std::string& path) const;
  /// What belongs to the machine whose folder this is: of a copy, only what was copied with it.
  [[nodiscard]] Result<Found> find_of_machine(const std::string& path) const;
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  std::string folder_, usual_;
  ReadFile read_;
};

/// A list that may name tables and files: "a.example, hash:/etc/postfix/more, /etc/postfix/list".
struct Listed {
  std::string text;  ///< the item, or a table's key
  Origin origin;
  std::string value;  ///< of a table
};
struct Unread {
  std::string what;
  std::string why;
};
struct ListContent {
  std::vector<Listed> items;
  std::vector<Unread> unread;
};
/// `origin`: that of the list itself.
[[nodiscard]] ListContent read_list(const std::string& text, const Origin& origin, const Places& places);
/// The tables alone: key and value of each entry, in their order.
[[nodiscard]] ListContent read_tables(const std::string& text, const Origin& origin, const Places& places,
                                      bool aliases = false);

}  // namespace waybill::config::moving
