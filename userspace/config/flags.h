// The options of the daemon as flags of a CLI11 command.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

namespace nsobs {

using FlagTexts = std::vector<std::pair<std::string, std::string>>;  // option path, text

// Adds a flag for each option of the table whose path begins with `prefix` ("" for all). Parsing
// appends to `texts`, which must outlive the parse; values are checked by LoadConfig.
void AddOptionFlags(CLI::App* command, std::string_view prefix, FlagTexts* texts);

}  // namespace nsobs
