#include "userspace/base/sanitize.h"

#include <cstdint>

#include "absl/strings/str_format.h"

namespace nsobs {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

enum class Shape { kGood, kBad, kCut };

struct Character {
  Shape shape;
  size_t length;
  uint32_t code;
};

// One character by the table of well-formed sequences (Unicode 15, table 3-7).
Character Next(std::string_view s) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(s[i]); };
  const uint8_t lead = at(0);
  if (lead < 0x80) return {Shape::kGood, 1, lead};
  size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4) return {Shape::kBad, 1, 0};
  uint32_t code = lead & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    if (i >= s.size()) return {Shape::kCut, i, 0};
    uint8_t low = 0x80, high = 0xBF;
    if (i == 1) {
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    }
    if (at(i) < low || at(i) > high) return {Shape::kBad, i, 0};
    code = (code << 6) | (at(i) & 0x3F);
  }
  return {Shape::kGood, length, code};
}

bool IsControl(uint32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

// What shows nothing or reorders what follows: Bidi_Control, zero width, line separators, tags.
bool IsInvisible(uint32_t code) {
  return code == 0x061C || (code >= 0x200B && code <= 0x200F) || code == 0x2028 || code == 0x2029 ||
         (code >= 0x202A && code <= 0x202E) || (code >= 0x2060 && code <= 0x2069) ||
         code == 0xFEFF || (code >= 0xE0000 && code <= 0xE007F);
}

// Calls `emit(code, bytes)` for each character; bad bytes come as U+FFFD.
template <typename Emit>
void ForEachCharacter(std::string_view s, Emit emit) {
  while (!s.empty()) {
    const Character c = Next(s);
    if (c.shape == Shape::kCut) return;
    if (c.shape == Shape::kGood) {
      emit(c.code, s.substr(0, c.length));
    } else {
      emit(uint32_t{0xFFFD}, kReplacement);
    }
    s.remove_prefix(c.length);
  }
}

}  // namespace

std::string ToUtf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  ForEachCharacter(bytes, [&](uint32_t, std::string_view text) { out.append(text); });
  return out;
}

std::string ForTerminal(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  ForEachCharacter(bytes, [&](uint32_t code, std::string_view text) {
    if (IsControl(code)) {
      out += absl::StrFormat("\\x%02x", code);
    } else if (IsInvisible(code)) {
      out += absl::StrFormat("\\u{%04x}", code);
    } else {
      out.append(text);
    }
  });
  return out;
}

std::string ForLabel(std::string_view bytes, size_t max_bytes) {
  std::string out;
  bool full = false;  // nothing after the cut: a shorter character must not close the hole
  ForEachCharacter(bytes, [&](uint32_t code, std::string_view text) {
    if (full || IsControl(code) || IsInvisible(code)) return;
    full = out.size() + text.size() > max_bytes;
    if (!full) out.append(text);
  });
  return out;
}

}  // namespace nsobs
