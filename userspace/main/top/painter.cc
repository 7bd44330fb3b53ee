#include "userspace/main/top/painter.h"

#include <algorithm>

namespace nsobs {

std::string Painter::Paint(const Frame& frame) {
  std::string out;
  if (shown_.size() != frame.size()) {
    shown_.assign(frame.size(), FrameLine());
    out += controls_.plain;
    out += controls_.clear_all;
  }
  const size_t rows = std::min(frame.size(), static_cast<size_t>(controls_.rows));
  for (size_t row = 0; row < rows; ++row) {
    if (frame[row] == shown_[row]) continue;
    out += controls_.move_to_row[row];
    // First: behind a line as wide as the screen it would take the last character away.
    out += controls_.clear_to_end_of_line;
    PaintLine(frame[row], &out);
    shown_[row] = frame[row];
  }
  return out;
}

void Painter::PaintLine(const FrameLine& line, std::string* out) const {
  for (const Span& span : line.spans) {
    const std::string& style = controls_.Of(span.style);
    if (line.selected) *out += controls_.reverse;
    *out += style;
    *out += span.text;
    const bool styled = !style.empty() || (line.selected && !controls_.reverse.empty());
    if (styled) *out += controls_.plain;
  }
}

}  // namespace nsobs
