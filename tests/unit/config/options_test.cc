#include "userspace/config/options.h"

#include <gtest/gtest.h>

#include <set>

#include "userspace/config/example_yaml.h"

namespace nsobs {
namespace {

TEST(OptionsTest, EveryRowIsComplete) {
  std::set<std::string_view> paths, closed_sections;
  std::string_view section;
  for (const Option& option : Options()) {
    const std::string path(option.path);
    EXPECT_TRUE(paths.insert(option.path).second) << path << " stands twice";
    EXPECT_GE(std::count(path.begin(), path.end(), '.'), 1) << path;
    EXPECT_EQ(path.find_first_not_of("abcdefghijklmnopqrstuvwxyz-."), std::string::npos) << path;
    EXPECT_FALSE(option.placeholder.empty()) << path;
    EXPECT_GT(option.help.size(), 8u) << path;
    EXPECT_EQ(option.help.back(), '.') << path;
    EXPECT_FALSE(Allowed(option).empty()) << path;
    EXPECT_FALSE(SectionTitle(option.section()).empty()) << path;
    EXPECT_EQ(FindOption(option.path), &option);
    if (option.section() != section) {
      EXPECT_TRUE(closed_sections.insert(option.section()).second) << path << " is apart";
      section = option.section();
    }
  }
  EXPECT_EQ(FindOption("storage"), nullptr);
  EXPECT_EQ(SectionTitle("nothing"), "");
}

TEST(OptionsTest, EveryDefaultIsAllowedAndComesBackAsWritten) {
  for (const Option& option : Options()) {
    Config config;
    const absl::Status status =
        SetOption(option, SplitFlagText(option, option.default_text), &config);
    EXPECT_TRUE(status.ok()) << option.path << ": " << status;
    EXPECT_EQ(FormatOption(option, config), option.default_text) << option.path;
  }
}

// The rules' own defaults are those of the table: whoever makes rules without a file gets the same.
TEST(OptionsTest, TheRulesDefaultsAreThoseOfTheTable) {
  size_t rows = 0;
  for (const Option& option : Options()) {
    if (option.section() != "anomaly") continue;
    EXPECT_EQ(FormatOption(option, Config{}), option.default_text) << option.path;
    ++rows;
  }
  EXPECT_GT(rows, 20u);
}

// Two rows on the same field would be a slip that no type finds.
TEST(OptionsTest, EachRowHasAFieldOfItsOwn) {
  std::set<const void*> fields;
  Config config;
  for (const Option& option : Options()) {
    const void* field =
        std::visit([&](const auto& type) { return static_cast<const void*>(&type.field(config)); },
                   option.type);
    EXPECT_TRUE(fields.insert(field).second) << option.path;
  }
}

TEST(OptionsTest, ErrorsSayWhatIsWrongAndWhatIsAllowed) {
  struct Case {
    const char* path;
    std::vector<std::string> words;
    const char* error;
  };
  const Case cases[] = {
      {"storage.path", {""}, "\"\" is not a path (allowed: a path)"},
      {"storage.path", {"a", "b"}, "takes one value, not a list (allowed: a path)"},
      {"storage.path", {}, "takes one value, not a list (allowed: a path)"},
      {"storage.retention-age",
       {"14 weeks"},
       "\"14 weeks\" is not a duration (allowed: 10s, 5m, 12h, 14d)"},
      {"storage.retention-age", {"1s"}, "\"1s\" is too short (allowed: 1m to 3650d)"},
      {"storage.retention-age", {"0"}, "\"0\" is too short (allowed: 1m to 3650d)"},
      {"storage.retention-age", {"3651d"}, "\"3651d\" is too long (allowed: 1m to 3650d)"},
      {"coalesce.window", {"11m"}, "\"11m\" is too long (allowed: 1ms to 10m, or 0 for off)"},
      {"storage.retention-size",
       {"2G"},
       "\"2G\" is not a size (allowed: 4096, 64KiB, 16MiB, 2GiB)"},
      {"storage.retention-size", {"1MiB"}, "\"1MiB\" is too small (allowed: 16MiB to 64TiB)"},
      {"storage.retention-size", {"65TiB"}, "\"65TiB\" is too large (allowed: 16MiB to 64TiB)"},
      {"ring.bulk-bytes",
       {"5MiB"},
       "\"5MiB\" is not a power of two (allowed: powers of two from 4KiB to 1GiB)"},
      {"ring.bulk-bytes",
       {"2048"},
       "\"2048\" is too small (allowed: powers of two from 4KiB to 1GiB)"},
      {"web.listen-address",
       {"9917"},
       "\"9917\" is not an address to listen on (allowed: HOST:PORT as in 127.0.0.1:9917, "
       "[::1]:9917, :9917)"},
      {"log.level",
       {"loud"},
       "\"loud\" is not one of the choices (allowed: trace, debug, info, warn, error)"},
      {"probes.io-uring", {"1"}, "\"1\" is not a switch (allowed: on, off)"},
      {"signals.told",
       {"TERM", "SIGFOO"},
       "\"SIGFOO\" is not a signal (allowed: names or numbers as in SIGTERM, TERM, 15; or all, "
       "none)"},
      {"signals.told",
       {"TERM", "all"},
       "\"all\" is not a signal (allowed: names or numbers as in SIGTERM, TERM, 15; or all, "
       "none)"},
      {"probes.files", {}, "is empty (allowed: auto, on, off, or containers as in web,db)"},
      {"probes.files",
       {"web", ""},
       "\"\" is not a container (allowed: auto, on, off, or containers as in web,db)"},
      {"probes.files",
       {"web db"},
       "\"web db\" is not a container (allowed: auto, on, off, or containers as in web,db)"},
      {"probes.files",
       {"web", "on"},
       "\"on\" stands among containers (allowed: auto, on, off, or containers as in web,db)"},
      {"probes.files",
       {"auto", "web"},
       "\"auto\" stands among containers (allowed: auto, on, off, or containers as in web,db)"},
      {"probes.files", std::vector<std::string>(65, "a"), "names more than 64 containers: use on"},
      {"budget.burst", {"many"}, "\"many\" is not a whole number (allowed: 1 to 1000000000)"},
      {"budget.burst", {"0"}, "\"0\" is too small (allowed: 1 to 1000000000)"},
      {"budget.burst", {"1000000001"}, "\"1000000001\" is too large (allowed: 1 to 1000000000)"},
      {"runtimes.runc-root",
       {"/a", "b"},
       "\"b\" is not an absolute path (allowed: paths that begin with /)"},
      {"log.level",
       {"\x1b[31m"},
       "\"\\x1b[31m\" is not one of the choices (allowed: trace, debug, info, warn, error)"},
  };
  for (const Case& c : cases) {
    Config config = DefaultConfig();
    const absl::Status status = SetOption(*FindOption(c.path), c.words, &config);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.path;
    EXPECT_EQ(status.message(), c.error);
  }
}

TEST(OptionsTest, LongWordsAreCutInErrors) {
  Config config;
  const absl::Status status =
      SetOption(*FindOption("log.level"), std::vector{std::string(1000, 'x')}, &config);
  EXPECT_EQ(status.message().substr(0, 65), "\"" + std::string(60, 'x') + "…\"");
}

TEST(OptionsTest, Lists) {
  Config config;
  const Option& told = *FindOption("signals.told");
  ASSERT_TRUE(SetOption(told, SplitFlagText(told, "TERM, 9 ,sigint"), &config).ok());
  EXPECT_EQ(config.signals.told, 1u << 14 | 1u << 8 | 1u << 1);
  EXPECT_EQ(FormatOption(told, config), "SIGINT,SIGKILL,SIGTERM");
  ASSERT_TRUE(SetOption(told, SplitFlagText(told, "all"), &config).ok());
  EXPECT_EQ(config.signals.told, ~uint64_t{0});
  EXPECT_EQ(FormatOption(told, config), "all");
  for (const char* none : {"none", ""}) {
    ASSERT_TRUE(SetOption(told, SplitFlagText(told, none), &config).ok()) << none;
    EXPECT_EQ(config.signals.told, 0u);
    EXPECT_EQ(FormatOption(told, config), "none");
  }
  const Option& files = *FindOption("probes.files");
  ASSERT_TRUE(SetOption(files, SplitFlagText(files, "pod/web, 1b9c4d"), &config).ok());
  EXPECT_EQ(config.probes.files, (FilesProbe{true, {"pod/web", "1b9c4d"}}));
  EXPECT_EQ(FormatOption(files, config), "pod/web,1b9c4d");
  for (const char* word : {"on", "off"}) {
    ASSERT_TRUE(SetOption(files, SplitFlagText(files, word), &config).ok());
    EXPECT_EQ(config.probes.files, (FilesProbe{word == std::string("on"), {}}));
    EXPECT_EQ(FormatOption(files, config), word);
  }
  ASSERT_TRUE(SetOption(files, SplitFlagText(files, "auto"), &config).ok());
  EXPECT_EQ(config.probes.files, (FilesProbe{true, {}, true}));
  EXPECT_EQ(FormatOption(files, config), "auto");
  EXPECT_EQ(DefaultConfig().probes.files, config.probes.files);
  const Option& roots = *FindOption("runtimes.runc-root");
  ASSERT_TRUE(SetOption(roots, SplitFlagText(roots, "/a,/b"), &config).ok());
  EXPECT_EQ(config.runtimes.runc, (std::vector<std::string>{"/a", "/b"}));
  ASSERT_TRUE(SetOption(roots, SplitFlagText(roots, ""), &config).ok());
  EXPECT_TRUE(config.runtimes.runc.empty());
}

}  // namespace
}  // namespace nsobs
