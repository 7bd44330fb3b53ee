// What the terminal at hand understands, from the terminfo database (terminfo(5)).
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "userspace/main/table.h"

namespace nsobs {

// Sequences that do one thing each; "" where the terminal can't. Without the delays of terminals
// that needed them.
struct TerminalControls {
  std::string enter_alternate, leave_alternate;  // screen
  std::string enter_keypad, leave_keypad;        // so that arrows are told
  std::string hide_cursor, show_cursor;
  std::string clear_all, clear_to_end_of_line;
  std::string plain, bold, dim, reverse;
  std::string red, yellow, green, cyan;
  std::string move_to_row[200];  // the first column of each
  int rows = 200;                // that can be reached

  const std::string& Of(Style style) const;
};

// `name` is $TERM. FAILED_PRECONDITION: not known, or it can't move its cursor: one line with what
// to do. Not thread-safe: the library keeps the terminal in a variable of its own.
absl::StatusOr<TerminalControls> LoadTerminalControls(const char* name, bool color);

}  // namespace nsobs
