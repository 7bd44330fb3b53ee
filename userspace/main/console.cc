#include "userspace/main/console.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "absl/strings/numbers.h"
#include "userspace/base/sanitize.h"

namespace nsobs {
namespace {

constexpr int kNarrowest = 20;
constexpr int kWidest = 1000;

int Columns(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  int columns = 0;
  const char* text = getenv("COLUMNS");
  return text != nullptr && absl::SimpleAtoi(text, &columns) ? columns : 80;
}

bool IsSet(const char* variable) {
  const char* value = getenv(variable);
  return value != nullptr && *value != '\0';
}

bool WantsColor(bool terminal, ColorChoice color) {
  switch (color) {
    case ColorChoice::kAlways:
      return true;
    case ColorChoice::kNever:
      return false;
    case ColorChoice::kAuto:
      break;
  }
  const char* term = getenv("TERM");
  return terminal && !IsSet("NO_COLOR") && !(term != nullptr && std::string_view(term) == "dumb");
}

}  // namespace

ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitDone;
    case absl::StatusCode::kNotFound:
      return kExitNothing;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return kExitUsage;
    default:
      return kExitUnsupported;  // not an enum of ours
  }
}

std::optional<OutputFormat> OutputFormatFromName(std::string_view name) {
  if (name == "table") return OutputFormat::kTable;
  if (name == "json") return OutputFormat::kJson;
  if (name == "jsonl") return OutputFormat::kJsonLines;
  return std::nullopt;
}

std::optional<ColorChoice> ColorChoiceFromName(std::string_view name) {
  if (name == "auto") return ColorChoice::kAuto;
  if (name == "always") return ColorChoice::kAlways;
  if (name == "never") return ColorChoice::kNever;
  return std::nullopt;
}

void Console::Complain(std::string_view line) const {
  err << "nsobserver: " << ForTerminal(line) << std::endl;
}

ExitCode Console::Fail(const absl::Status& status) const {
  const absl::string_view message = status.message();
  Complain(std::string_view(message.data(), message.size()));
  return ExitCodeOf(status);
}

Screen DetectScreen(int fd, ColorChoice color) {
  Screen screen;
  screen.terminal = isatty(fd) == 1;
  screen.columns = std::clamp(Columns(fd), kNarrowest, kWidest);
  screen.color = WantsColor(screen.terminal, color);
  return screen;
}

}  // namespace nsobs
