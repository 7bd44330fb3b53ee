#include "userspace/main/top/terminfo.h"

#include <curses.h>
#include <term.h>

// Macros of term.h that are names elsewhere.
#undef columns
#undef lines

#include <cstring>

#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"

namespace nsobs {
namespace {

// "$<5>" asks for a pause of 5 ms, which terminals of today don't need.
std::string WithoutDelays(const char* text) {
  std::string out;
  for (const char* c = text; *c != '\0'; ++c) {
    const char* end = c[0] == '$' && c[1] == '<' ? strchr(c, '>') : nullptr;
    if (end != nullptr) {
      c = end;
    } else {
      out += *c;
    }
  }
  return out;
}

bool Absent(const char* text) {
  return text == nullptr || text == reinterpret_cast<const char*>(-1);
}

std::string Capability(const char* name) {
  const char* text = tigetstr(name);
  return Absent(text) ? "" : WithoutDelays(text);
}

std::string WithNumber(const char* name, long number) {
  const char* text = tigetstr(name);
  if (Absent(text)) return "";
  const char* filled = tparm(text, number, 0L, 0L, 0L, 0L, 0L, 0L, 0L, 0L);
  return filled == nullptr ? "" : WithoutDelays(filled);
}

void TakeColors(TerminalControls* out) {
  if (tigetnum("colors") < 8) return;
  out->red = WithNumber("setaf", COLOR_RED);
  out->yellow = WithNumber("setaf", COLOR_YELLOW);
  out->green = WithNumber("setaf", COLOR_GREEN);
  out->cyan = WithNumber("setaf", COLOR_CYAN);
}

absl::Status CantDraw(const char* name, const char* why) {
  return absl::FailedPreconditionError(
      absl::StrCat("top can't draw on this terminal: TERM is \"", ForTerminal(name), "\", ", why,
                   " (try TERM=xterm-256color, or nsobserver findings)"));
}

}  // namespace

const std::string& TerminalControls::Of(Style style) const {
  static const std::string kNone;
  switch (style) {
    case Style::kPlain:
      return kNone;
    case Style::kBold:
      return bold;
    case Style::kDim:
      return dim;
    case Style::kRed:
      return red;
    case Style::kYellow:
      return yellow;
    case Style::kGreen:
      return green;
    case Style::kCyan:
      return cyan;
  }
  return kNone;
}

absl::StatusOr<TerminalControls> LoadTerminalControls(const char* name, bool color) {
  if (name == nullptr || *name == '\0') return CantDraw("", "which says nothing about it");
  if (strcmp(name, "dumb") == 0) return CantDraw(name, "which can't move its cursor");
  int error = 0;
  if (setupterm(name, 1, &error) != OK) {
    return CantDraw(name, error < 0 ? "and there is no terminfo database" : "which is not known");
  }
  TerminalControls out;
  for (int row = 0; row < out.rows; ++row) {
    const char* move = tigetstr("cup");
    if (Absent(move)) return CantDraw(name, "which can't move its cursor");
    out.move_to_row[row] =
        WithoutDelays(tparm(move, static_cast<long>(row), 0L, 0L, 0L, 0L, 0L, 0L, 0L, 0L));
  }
  out.clear_all = Capability("clear");
  out.clear_to_end_of_line = Capability("el");
  if (out.clear_all.empty() || out.clear_to_end_of_line.empty()) {
    return CantDraw(name, "which can't clear a line");
  }
  out.enter_alternate = Capability("smcup");
  out.leave_alternate = Capability("rmcup");
  out.enter_keypad = Capability("smkx");
  out.leave_keypad = Capability("rmkx");
  out.hide_cursor = Capability("civis");
  out.show_cursor = Capability("cnorm");
  out.plain = Capability("sgr0");
  if (!out.plain.empty()) {  // else what begins would never end
    out.bold = Capability("bold");
    out.dim = Capability("dim");
    out.reverse = Capability("rev");
    if (color) TakeColors(&out);
  }
  del_curterm(cur_term);
  return out;
}

}  // namespace nsobs
