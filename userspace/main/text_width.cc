#include "userspace/main/text_width.h"

#include <locale.h>
#include <wchar.h>

#include <algorithm>

namespace nsobs {
namespace {

constexpr std::string_view kCut = "…";

// Bytes of the UTF-8 character at the front and its width; well-formed text is assumed and
// anything else is walked over byte by byte.
struct Glyph {
  size_t bytes;
  int columns;
};

Glyph NextGlyph(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {1, 1};
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (length > text.size()) return {text.size(), 1};
  wchar_t code = lead & (0xFF >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    code = (code << 6) | (static_cast<unsigned char>(text[i]) & 0x3F);
  }
  const int columns = wcwidth(code);
  return {length, columns < 0 ? 1 : columns};
}

}  // namespace

void InitTextWidth() { setlocale(LC_CTYPE, "C.UTF-8"); }

int TextWidth(std::string_view text) {
  int columns = 0;
  while (!text.empty()) {
    const Glyph glyph = NextGlyph(text);
    columns += glyph.columns;
    text.remove_prefix(glyph.bytes);
  }
  return columns;
}

std::string FitText(std::string_view text, int columns) {
  if (TextWidth(text) <= columns) return std::string(text);
  if (columns <= 0) return "";
  std::string_view rest = text;
  int used = 0;
  while (!rest.empty()) {
    const Glyph glyph = NextGlyph(rest);
    if (used + glyph.columns > columns - 1) break;
    used += glyph.columns;
    rest.remove_prefix(glyph.bytes);
  }
  return std::string(text.substr(0, text.size() - rest.size())).append(kCut);
}

}  // namespace nsobs
