#include "userspace/config/flags.h"

#include <gtest/gtest.h>

#include "userspace/config/options.h"

namespace nsobs {
namespace {

TEST(FlagsTest, EveryOptionIsAFlag) {
  CLI::App app;
  FlagTexts texts;
  AddOptionFlags(&app, "", &texts);
  for (const Option& option : Options()) {
    const CLI::Option* flag = app.get_option("--" + std::string(option.path));
    EXPECT_NE(flag->get_description().find(option.help), std::string::npos) << option.path;
    EXPECT_EQ(flag->get_type_name(), option.placeholder);
  }
}

TEST(FlagsTest, TextsComeInBothSpellings) {
  CLI::App app;
  FlagTexts texts;
  AddOptionFlags(&app, "", &texts);
  app.parse("--storage.path /a --signals.told=TERM,INT --web.listen-address [::1]:1");
  std::sort(texts.begin(), texts.end());
  EXPECT_EQ(texts, (FlagTexts{{"signals.told", "TERM,INT"},
                              {"storage.path", "/a"},
                              {"web.listen-address", "[::1]:1"}}));
}

TEST(FlagsTest, RepetitionIsKeptForTheErrorMessage) {
  CLI::App app;
  FlagTexts texts;
  AddOptionFlags(&app, "", &texts);
  app.parse("--storage.path /a --storage.path /b");
  EXPECT_EQ(texts, (FlagTexts{{"storage.path", "/a"}, {"storage.path", "/b"}}));
}

TEST(FlagsTest, OnlyThosePrefixed) {
  CLI::App app;
  FlagTexts texts;
  AddOptionFlags(&app, "runtimes.", &texts);
  EXPECT_EQ(app.get_option_no_throw("--storage.path"), nullptr);
  EXPECT_NE(app.get_option_no_throw("--runtimes.runc-root"), nullptr);
}

}  // namespace
}  // namespace nsobs
