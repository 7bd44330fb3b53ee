#include "userspace/main/text_width.h"

#include <gtest/gtest.h>

namespace nsobs {
namespace {

class TextWidthTest : public testing::Test {
 protected:
  void SetUp() override { InitTextWidth(); }
};

TEST_F(TextWidthTest, CountsColumnsNotBytes) {
  const std::pair<std::string, int> cases[] = {
      {"", 0},     {"web", 3}, {"é", 1},    {"e\xCC\x81", 1},
      {"日本", 4}, {"a…b", 3}, {"\xFF", 1}, {"\xE6\x97", 1},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(TextWidth(text), want) << text;
}

TEST_F(TextWidthTest, FitSaysThatItCut) {
  const std::tuple<const char*, int, const char*> cases[] = {
      {"web", 3, "web"},    {"webs", 3, "we…"},      {"webs", 1, "…"},
      {"webs", 0, ""},      {"日本語", 6, "日本語"}, {"日本語", 5, "日本…"},
      {"日本語", 4, "日…"}, {"日本語", 2, "…"},      {"éàü", 2, "é…"},
  };
  for (const auto& [text, columns, want] : cases) {
    EXPECT_EQ(FitText(text, columns), want) << columns;
    EXPECT_LE(TextWidth(FitText(text, columns)), columns);
  }
}

}  // namespace
}  // namespace nsobs
