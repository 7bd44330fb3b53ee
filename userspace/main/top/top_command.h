// nsobserver top: a live full-screen view of the timeline.
#pragma once

#include <cstdint>
#include <string>

#include "userspace/main/console.h"

namespace nsobs {

struct TopOptions {
  int64_t window_ns = 600'000'000'000;
  std::string storage_path;
};

// Runs until q, ^C, SIGTERM, SIGINT or SIGHUP, or until the terminal is gone. Not a terminal, or
// one that can't be drawn on: one line, kExitUsage.
int TopCommand(const TopOptions& options, const Console& console);

// The character set of the locale as the C library would choose it (LC_ALL, LC_CTYPE, LANG).
bool LocaleIsUtf8();

}  // namespace nsobs
