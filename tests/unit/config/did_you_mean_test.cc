#include "userspace/config/did_you_mean.h"

#include <gtest/gtest.h>

#include <vector>

#include "userspace/config/word_wrap.h"

namespace nsobs {
namespace {

TEST(DidYouMeanTest, NearestWithinAThirdOfTheWord) {
  const std::vector<std::string_view> words = {"storage", "web", "containers", "compare", "events"};
  const std::pair<std::string, const char*> cases[] = {
      {"strage", "storage"},
      {"storages", "storage"},
      {"event", "events"},
      {"comprae", "compare"},
      {"wbe", ""},
      {"weB", "web"},
      {"quux", ""},
      {"", ""},
      {std::string(101, 'e'), ""},
  };
  for (const auto& [word, want] : cases) EXPECT_EQ(Nearest(word, words), want) << word;
  EXPECT_EQ(DidYouMean("event", words), "; did you mean \"events\"?");
  EXPECT_EQ(DidYouMean("quux", words), "");
}

TEST(WordWrapTest, BreaksAtSpaces) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(WordWrap("", 10), Lines{""});
  EXPECT_EQ(WordWrap("one two three", 7), (Lines{"one two", "three"}));
  EXPECT_EQ(WordWrap("a  b", 10), Lines{"a b"});
  EXPECT_EQ(WordWrap("a incomprehensible b", 5), (Lines{"a", "incomprehensible", "b"}));
}

}  // namespace
}  // namespace nsobs
