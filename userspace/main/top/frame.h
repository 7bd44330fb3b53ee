// A screen full of styled text, before it becomes a terminal's bytes. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "userspace/main/table.h"

namespace nsobs {

struct Span {
  std::string text;  // fit for a terminal
  Style style = Style::kPlain;
  friend bool operator==(const Span&, const Span&) = default;
};

// Never wider than the screen that it was drawn for.
struct FrameLine {
  std::vector<Span> spans;
  bool selected = false;  // shown in reverse
  friend bool operator==(const FrameLine&, const FrameLine&) = default;
};

using Frame = std::vector<FrameLine>;

struct FrameSize {
  int columns = 80;
  int rows = 24;
  friend bool operator==(const FrameSize&, const FrameSize&) = default;
};

// Fills a line from the left; what doesn't fit is cut, with "…" for it.
class LineBuilder {
 public:
  explicit LineBuilder(int columns) : room_(columns) {}

  LineBuilder& Add(std::string_view text, Style style = Style::kPlain);
  // Cut or filled up to that width.
  LineBuilder& Column(std::string_view text, int width, Style style = Style::kPlain,
                      bool right = false);
  // At the right end, if there is room for it and a space.
  LineBuilder& AtRight(std::string_view text, Style style = Style::kPlain);
  int room() const { return room_; }
  FrameLine Done(bool selected = false);

 private:
  FrameLine line_;
  int room_;
};

// Lines of at most `columns`, broken at spaces, and inside words that are longer than a line.
std::vector<std::string> WrapToColumns(std::string_view text, int columns);

// For a terminal that takes only ASCII: "~" for "…", "?" for any other character, as wide as it.
void ToAscii(Frame* frame);

// The text alone, a line a line, without blanks at their ends; of styles only "selected", as ">"
// before its line's text, and " " before the others'. For tests.
std::string PlainText(const Frame& frame);

}  // namespace nsobs
