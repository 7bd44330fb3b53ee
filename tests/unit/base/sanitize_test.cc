#include "userspace/base/sanitize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace nsobs {
namespace {

constexpr std::string_view kBad = "\xEF\xBF\xBD";

// The judge is another implementation than ours: nlohmann's serializer refuses what isn't UTF-8.
bool IsUtf8(const std::string& text) {
  try {
    (void)nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

struct Case {
  const char* what;
  std::string_view in;
  std::string_view utf8;
  std::string_view terminal;
};

#define BYTES(text) std::string_view(text, sizeof(text) - 1)

const Case kCases[] = {
    {"empty", "", "", ""},
    {"plain", "nginx: worker 1", "nginx: worker 1", "nginx: worker 1"},
    {"two, three and four bytes", "é€😀", "é€😀", "é€😀"},
    {"first and last of each length", BYTES("\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF"),
     BYTES("\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF"),
     BYTES("\\x7f\\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF")},
    {"U+10FFFF", "\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
    {"above U+10FFFF", "\xF4\x90\x80\x80.", "\uFFFD\uFFFD\uFFFD\uFFFD.",
     "\uFFFD\uFFFD\uFFFD\uFFFD."},
    {"overlong slash, two bytes", "\xC0\xAF.", "\uFFFD\uFFFD.", "\uFFFD\uFFFD."},
    {"overlong slash, three bytes", "\xE0\x80\xAF.", "\uFFFD\uFFFD\uFFFD.", "\uFFFD\uFFFD\uFFFD."},
    {"overlong slash, four bytes", "\xF0\x80\x80\xAF.", "\uFFFD\uFFFD\uFFFD\uFFFD.",
     "\uFFFD\uFFFD\uFFFD\uFFFD."},
    {"overlong NUL", "\xC0\x80.", "\uFFFD\uFFFD.", "\uFFFD\uFFFD."},
    {"high surrogate", "\xED\xA0\x80.", "\uFFFD\uFFFD\uFFFD.", "\uFFFD\uFFFD\uFFFD."},
    {"low surrogate", "\xED\xBF\xBF.", "\uFFFD\uFFFD\uFFFD.", "\uFFFD\uFFFD\uFFFD."},
    {"last before the surrogates", "\xED\x9F\xBF", "\xED\x9F\xBF", "\xED\x9F\xBF"},
    {"lone continuation bytes", "\x80\xBF.", "\uFFFD\uFFFD.", "\uFFFD\uFFFD."},
    {"a character broken off in the middle", "\xE2\x82.", "\uFFFD.", "\uFFFD."},
    {"a lead byte before another", "\xE2\xC3\xA9", "\uFFFD\u00E9", "\uFFFD\u00E9"},
    {"cut after one of two", "abc\xC3", "abc", "abc"},
    {"cut after one of three", "abc\xE2", "abc", "abc"},
    {"cut after two of three", "abc\xE2\x82", "abc", "abc"},
    {"cut after three of four", "abc\xF0\x9F\x98", "abc", "abc"},
    {"a wrong beginning at the end is no cut", "abc\xE0\x80", "abc\uFFFD\uFFFD", "abc\uFFFD\uFFFD"},
    {"NUL and newline", BYTES("a\0b\nc"), BYTES("a\0b\nc"), "a\\x00b\\x0ac"},
    {"clear screen", "\x1B[2J\x1B[H", "\x1B[2J\x1B[H", "\\x1b[2J\\x1b[H"},
    {"window title", "\x1B]0;pwned\x07", "\x1B]0;pwned\x07", "\\x1b]0;pwned\\x07"},
    {"C1 sequence introducer", "\u009B31mred", "\u009B31mred", "\\x9b31mred"},
    {"bare C1 byte",
     "\x9B"
     "31m",
     "\uFFFD31m", "\uFFFD31m"},
    {"backspaces", "abc\b\b\b", "abc\b\b\b", "abc\\x08\\x08\\x08"},
    {"right to left override", "a\u202Ecod.exe", "a\u202Ecod.exe", "a\\u{202e}cod.exe"},
    {"isolates", "\u2066x\u2069", "\u2066x\u2069", "\\u{2066}x\\u{2069}"},
    {"marks", "\u200E\u200F\u061C", "\u200E\u200F\u061C", "\\u{200e}\\u{200f}\\u{061c}"},
    {"zero width", "we\u200Bb\uFEFF", "we\u200Bb\uFEFF", "we\\u{200b}b\\u{feff}"},
    {"line separators", "\u2028\u2029", "\u2028\u2029", "\\u{2028}\\u{2029}"},
    {"tag characters", "\U000E0041", "\U000E0041", "\\u{e0041}"},
};

TEST(SanitizeTest, Cases) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(ToUtf8(c.in), c.utf8);
    EXPECT_EQ(ForTerminal(c.in), c.terminal);
    EXPECT_TRUE(IsUtf8(ToUtf8(c.in)));
  }
}

TEST(SanitizeTest, EachByteAlone) {
  for (int byte = 0; byte < 256; ++byte) {
    SCOPED_TRACE(byte);
    const std::string in(1, static_cast<char>(byte));
    const bool is_lead = byte >= 0xC2 && byte <= 0xF4;  // alone, it is a cut character
    const std::string utf8 = byte < 0x80 ? in : is_lead ? "" : std::string(kBad);
    EXPECT_EQ(ToUtf8(in), utf8);
    const bool control = byte < 0x20 || byte == 0x7F;
    EXPECT_EQ(ForTerminal(in), control ? absl::StrFormat("\\x%02x", byte) : utf8);
    EXPECT_EQ(ForLabel(in), control ? "" : utf8);
  }
}

TEST(SanitizeTest, EachPairOfBytesGivesUtf8WithoutControls) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string in = {'a', static_cast<char>(first), static_cast<char>(second), 'z'};
      for (const std::string& out : {ToUtf8(in), ForTerminal(in), ForLabel(in)}) {
        ASSERT_TRUE(IsUtf8(out)) << first << " " << second;
        ASSERT_EQ(out.front(), 'a');
        ASSERT_EQ(out.back(), 'z') << first << " " << second;
      }
      for (unsigned char c : ForTerminal(in)) ASSERT_TRUE(c >= 0x20 && c != 0x7F);
      for (unsigned char c : ForLabel(in)) ASSERT_TRUE(c >= 0x20 && c != 0x7F);
    }
  }
}

TEST(SanitizeTest, TwiceIsOnce) {
  for (const Case& c : kCases) {
    EXPECT_EQ(ToUtf8(ToUtf8(c.in)), ToUtf8(c.in)) << c.what;
    EXPECT_EQ(ForTerminal(ForTerminal(c.in)), ForTerminal(c.in)) << c.what;
    EXPECT_EQ(ForLabel(ForLabel(c.in)), ForLabel(c.in)) << c.what;
  }
}

TEST(SanitizeTest, LabelsLoseWhatCantBeSeen) {
  EXPECT_EQ(ForLabel("we\x1B[31mb\n\u202E!"), "we[31mb!");
  EXPECT_EQ(ForLabel(BYTES("a\0b")), "ab");
}

TEST(SanitizeTest, LabelsAreCutAtACharacter) {
  EXPECT_EQ(ForLabel("aé€😀", 10), "aé€😀");
  EXPECT_EQ(ForLabel("aé€😀", 9), "aé€");
  EXPECT_EQ(ForLabel("aé€😀", 6), "aé€");
  EXPECT_EQ(ForLabel("aé€😀", 5), "aé");
  EXPECT_EQ(ForLabel("aé€😀", 2), "a");
  EXPECT_EQ(ForLabel("aé€😀", 0), "");
  EXPECT_EQ(ForLabel("\xFF\xFF", 5), "\uFFFD");
  EXPECT_EQ(ForLabel(std::string(200, 'x')), std::string(128, 'x'));
}

TEST(SanitizeTest, NothingComesAfterTheCut) { EXPECT_EQ(ForLabel("aa€b", 4), "aa"); }

TEST(SanitizeTest, InvisibleCharactersDontCountAgainstTheCap) {
  EXPECT_EQ(ForLabel("a\u202E\nb", 2), "ab");
}

}  // namespace
}  // namespace nsobs
