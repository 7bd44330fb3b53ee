// nsobserver run: the daemon, in the foreground.
#pragma once

#include <optional>
#include <string>

#include "userspace/config/config.h"
#include "userspace/config/flags.h"

namespace nsobs {

// `config` is what `config_file` and `flags` gave; on SIGHUP both are loaded anew.
int RunCommand(const Config& config, const std::optional<std::string>& config_file,
               const FlagTexts& flags);

}  // namespace nsobs
