// config_import.h: the part of the verb `config` that reads other mail systems' files.
#pragma once

#include "cli/verbs.h"

namespace waybill::cli {

/// Adds `import` to the verb `config`.
void add_config_import(CLI::App& config_verb, Context& context);

}  // namespace waybill::cli
