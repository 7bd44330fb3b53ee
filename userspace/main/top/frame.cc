#include "userspace/main/top/frame.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "userspace/config/word_wrap.h"
#include "userspace/main/text_width.h"

namespace nsobs {
namespace {

size_t CharacterBytes(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  return std::min(size, text.size());
}

std::string AsciiOf(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view character = text.substr(0, CharacterBytes(text));
    text.remove_prefix(character.size());
    if (static_cast<unsigned char>(character[0]) < 0x80) {
      out.append(character);
    } else if (character == "…") {
      out += '~';
    } else {
      out.append(static_cast<size_t>(std::max(0, TextWidth(character))), '?');
    }
  }
  return out;
}

// The longest front that is at most so wide, and at least one character.
std::string_view Front(std::string_view text, int columns) {
  size_t bytes = 0;
  int used = 0;
  while (bytes < text.size()) {
    const std::string_view character = text.substr(bytes, CharacterBytes(text.substr(bytes)));
    used += TextWidth(character);
    if (used > columns && bytes > 0) break;
    bytes += character.size();
  }
  return text.substr(0, bytes);
}

}  // namespace

LineBuilder& LineBuilder::Add(std::string_view text, Style style) {
  if (room_ <= 0 || text.empty()) return *this;
  std::string fitted = FitText(text, room_);
  room_ -= TextWidth(fitted);
  line_.spans.push_back({std::move(fitted), style});
  return *this;
}

LineBuilder& LineBuilder::Column(std::string_view text, int width, Style style, bool right) {
  const std::string fitted = FitText(text, std::min(width, room_));
  const auto gap = static_cast<size_t>(std::max(0, std::min(width, room_) - TextWidth(fitted)));
  if (right) Add(std::string(gap, ' '));
  Add(fitted, style);
  if (!right) Add(std::string(gap, ' '));
  return *this;
}

LineBuilder& LineBuilder::AtRight(std::string_view text, Style style) {
  const int gap = room_ - TextWidth(text);
  if (gap < 1) return *this;
  return Add(std::string(static_cast<size_t>(gap), ' ')).Add(text, style);
}

FrameLine LineBuilder::Done(bool selected) {
  if (selected) Add(std::string(static_cast<size_t>(std::max(0, room_)), ' '));
  line_.selected = selected;
  return std::move(line_);
}

std::vector<std::string> WrapToColumns(std::string_view text, int columns) {
  std::vector<std::string> lines;
  for (const std::string& line : WordWrap(text, static_cast<size_t>(std::max(1, columns)))) {
    std::string_view rest = line;
    do {
      const std::string_view front = Front(rest, std::max(1, columns));
      lines.emplace_back(front);
      rest.remove_prefix(front.size());
    } while (!rest.empty());
  }
  return lines;
}

void ToAscii(Frame* frame) {
  for (FrameLine& line : *frame) {
    for (Span& span : line.spans) span.text = AsciiOf(span.text);
  }
}

std::string PlainText(const Frame& frame) {
  std::string out;
  for (const FrameLine& line : frame) {
    std::string text = line.selected ? ">" : " ";
    for (const Span& span : line.spans) text += span.text;
    absl::StripTrailingAsciiWhitespace(&text);
    absl::StrAppend(&out, text, "\n");
  }
  return out;
}

}  // namespace nsobs
