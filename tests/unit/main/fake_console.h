// A Console that keeps what was written.
#pragma once

#include <sstream>
#include <string>

#include "userspace/main/console.h"

namespace nsobs {

struct FakeConsole {
  std::ostringstream out;
  std::ostringstream err;
  Console console;

  explicit FakeConsole(Screen screen = {})
      : console{out, err, screen, absl::FixedTimeZone(3600)} {}  // an hour ahead of UTC
};

inline Screen Pipe() { return {}; }
inline Screen Terminal(int columns, bool color = false) { return {true, columns, color}; }

}  // namespace nsobs
