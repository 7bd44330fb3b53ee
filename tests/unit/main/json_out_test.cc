#include "userspace/main/json_out.h"

#include <gtest/gtest.h>

#include <sstream>

#include "userspace/base/sanitize.h"

namespace nsobs {
namespace {

TEST(SafeJsonTest, SameValueAndNothingThatSteers) {
  // The first 0x2FF characters and those that ForTerminal() knows beyond.
  Json all = Json::array();
  for (uint32_t code = 1; code < 0x300; ++code) {
    std::string text;
    if (code < 0x80) {
      text.push_back(static_cast<char>(code));
    } else {
      text = {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
    }
    all.push_back(text);
  }
  for (const char* text : {"\u200b", "\u2028", "\u202e", "\u2066", "\ufeff", "日本", "😀"}) {
    all.push_back(text);
  }
  const std::string safe = SafeJson(all.dump());
  EXPECT_EQ(Json::parse(safe), all);
  EXPECT_EQ(ForTerminal(safe), safe);
  EXPECT_NE(safe.find("日本"), std::string::npos);
  EXPECT_NE(safe.find("😀"), std::string::npos);
  EXPECT_NE(safe.find("\\u202e"), std::string::npos);
  EXPECT_NE(safe.find("\\u009b"), std::string::npos);
  EXPECT_NE(safe.find("\\u007f"), std::string::npos);
}

TEST(SafeJsonTest, CutCharactersAreNoOverrun) {
  for (const char* text : {"\xC2", "a\xE2\x80", "\xF0\x9F\x98", "\xFF\xFE"}) SafeJson(text);
}

TEST(JsonWriterTest, ArrayAndLines) {
  for (const auto& [format, want] :
       {std::pair(OutputFormat::kJson, "[\n  {\"a\":1},\n  {\"b\":2}\n]\n"),
        std::pair(OutputFormat::kJsonLines, "{\"a\":1}\n{\"b\":2}\n")}) {
    std::ostringstream out;
    JsonWriter writer(format, out);
    writer.AddLine("{\"a\":1}");
    writer.Add({{"b", 2}});
    writer.Finish();
    EXPECT_EQ(out.str(), want);
  }
}

}  // namespace
}  // namespace nsobs
