// Where a subcommand writes, and what it may assume about who reads.
#pragma once

#include <optional>
#include <ostream>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "userspace/main/exit_code.h"

namespace nsobs {

// The reader of a listing. Not a terminal: plain text, nothing cut.
struct Screen {
  bool terminal = false;
  int columns = 80;  // of a terminal
  bool color = false;
};

enum class OutputFormat { kTable, kJson, kJsonLines };
std::optional<OutputFormat> OutputFormatFromName(std::string_view name);

enum class ColorChoice { kAuto, kAlways, kNever };
std::optional<ColorChoice> ColorChoiceFromName(std::string_view name);

// `out` and `err` outlive it. `zone` is that of the times in tables; JSON has UTC.
struct Console {
  std::ostream& out;
  std::ostream& err;
  Screen screen;
  absl::TimeZone zone;

  // One line on `err` that begins with the program's name; sanitized.
  void Complain(std::string_view line) const;
  // The same for an error, and the exit code that belongs to it.
  ExitCode Fail(const absl::Status& status) const;
};

// What is known about the file behind `fd`: size from the terminal, else from COLUMNS, else 80.
// kAuto is colour on a terminal unless NO_COLOR is set (and not empty) or TERM is "dumb".
Screen DetectScreen(int fd, ColorChoice color);

}  // namespace nsobs
