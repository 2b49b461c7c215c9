// rocks_rebuild.h: makes a good spool out of one whose files are damaged, and keeps the damaged one. Tables,
// blob files and logs are read one by one, past what is damaged, without the manifest that says how they
// belong together; a new database is written beside the old one; then the folders change places. What the
// damage took is named, and the ledger gets a line for every recipient that is gone.
//
// Thread rule: nobody else has the spool open. Failure modes: on any error the old folder is as it was.
// Only rocks_*.cc include this.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "queue/rocks_open.h"

namespace waybill::queue::rocks {

/// What is wrong with the spool's files, each as "NAME: what"; the log is not looked at, nor what no opening
/// would use. Reads every octet of the live files. Empty: nothing is.
[[nodiscard]] std::vector<std::string> find_damage(const RocksStoreOptions& options);

/// The same for what is looked at before every opening: the manifest and the file that names it.
[[nodiscard]] std::string find_manifest_damage(rocksdb::Env& env, const std::string& path);

/// Writes the spool anew, without what was `refused`. `set_aside` becomes the
/// folder that keeps the damaged one.
[[nodiscard]] rocksdb::Status rebuild(const RocksStoreOptions& options, std::optional<Refused> refused,
                                      std::string& set_aside);

/// Ends a change of places that was interrupted, or removes what an interrupted rebuilding left.
[[nodiscard]] rocksdb::Status finish_rebuild(const RocksStoreOptions& options);

}  // namespace waybill::queue::rocks
