// privileges.h: from root, which binds the ports, to the configured user, who does the work.
#pragma once

#include <string>

#include "base/result.h"

namespace waybill::daemon {

/// Creates `data_dir` (0700) if need be, owned by who we shall be. Errors: not_found (no such user or
/// group), refused, io.
[[nodiscard]] Status prepare_data_dir(const std::string& data_dir, const std::string& user,
                                      const std::string& group);

/// Gives up root for good: supplementary groups, group, user; then proves that it can't be had back. Does
/// nothing for an empty user. Errors: not_found, refused (we are not root).
[[nodiscard]] Status drop_privileges(const std::string& user, const std::string& group);

/// As many descriptors as the hard limit allows: a mail server is mostly sockets.
void raise_descriptor_limit();

}  // namespace waybill::daemon
