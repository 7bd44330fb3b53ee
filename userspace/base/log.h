// The project's log: spdlog to stderr, one line a message. A log line stands only where an error
// stops. Strings that a container chose go through ForTerminal() first.
#pragma once

#include <spdlog/spdlog.h>

#include <string_view>

namespace nsobs {

// Makes the default logger: stderr, UTC time with milliseconds. Call once from main().
void InitLog(std::string_view level);

}  // namespace nsobs
