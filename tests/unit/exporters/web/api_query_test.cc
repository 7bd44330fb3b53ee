#include "exporters/web/api_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using Parameters = std::multimap<std::string, std::string>;

TEST(ApiQuery, Everything) {
  ApiParameters parameters(Parameters{{"since", "1000000"},
                                      {"until", "2026-11-23T14:02:11.5Z"},
                                      {"container", "web"},
                                      {"kind", "signal,oom_kill"},
                                      {"ns", "net:[4026532846]"},
                                      {"q", "10.0.0.7"},
                                      {"after", "4"},
                                      {"before", "9"},
                                      {"order", "oldest"},
                                      {"limit", "20"}});
  const EventQuery query = TakeEventQuery(&parameters, 100, 1000);
  ASSERT_TRUE(parameters.Finish().ok()) << parameters.Finish();
  EXPECT_EQ(query.since_wall_ns, 1'000'000'000);
  EXPECT_EQ(query.until_wall_ns, 1'795'442'531'500'000'000);
  EXPECT_EQ(query.container, "web");
  EXPECT_THAT(query.kinds, ElementsAre(EventKind::kSignal, EventKind::kOomKill));
  EXPECT_EQ(query.namespace_inode, 4026532846);
  EXPECT_EQ(query.text, "10.0.0.7");
  EXPECT_EQ(query.after_id, 4);
  EXPECT_EQ(query.before_id, 9);
  EXPECT_FALSE(query.newest_first);
  EXPECT_EQ(query.limit, 20u);
}

TEST(ApiQuery, NothingIsTheNewest) {
  ApiParameters parameters(Parameters{});
  const EventQuery query = TakeEventQuery(&parameters, 100, 1000);
  ASSERT_TRUE(parameters.Finish().ok());
  EXPECT_TRUE(query.newest_first);
  EXPECT_EQ(query.limit, 100u);
  EXPECT_FALSE(query.since_wall_ns);
}

TEST(ApiQuery, OneLineSaysWhatIsWrong) {
  const std::vector<std::pair<Parameters, std::string>> cases = {
      {{{"since", "yesterday"}}, "since: \"yesterday\""},
      {{{"since", "-1"}}, "since"},
      {{{"since", "99999999999999999999"}}, "since"},
      {{{"since", "2"}, {"until", "1"}}, "since must be before until"},
      {{{"kind", "coffee"}}, "\"coffee\" is no kind"},
      {{{"ns", "4026532846"}}, "is no namespace"},
      {{{"limit", "0"}}, "1 to 1000"},
      {{{"limit", "1001"}}, "1 to 1000"},
      {{{"limit", "1"}, {"limit", "2"}}, "given twice"},
      {{{"after", "x"}}, "is no id"},
      {{{"order", "random"}}, "newest, oldest"},
      {{{"colour", "red"}}, "unknown parameter \"colour\""},
      {{{"q", std::string(300, 'x')}}, "longer than"},
      {{{"colour\n\x1b[2J", "red"}}, "unknown parameter"},
  };
  for (const auto& [given, why] : cases) {
    ApiParameters parameters(given);
    TakeEventQuery(&parameters, 100, 1000);
    const absl::Status status = parameters.Finish();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << why;
    EXPECT_THAT(std::string(status.message()), HasSubstr(why));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("\n")));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("\x1b")));
  }
}

TEST(ApiQuery, Records) {
  ApiParameters parameters(Parameters{{"case", "net-loopback"}, {"before", "7"}});
  const RecordQuery query = TakeRecordQuery(&parameters, /*findings=*/true);
  ASSERT_TRUE(parameters.Finish().ok());
  EXPECT_EQ(query.case_id, "net-loopback");
  EXPECT_EQ(query.before_id, 7);
  ApiParameters others(Parameters{{"case", "net-loopback"}});
  TakeRecordQuery(&others, /*findings=*/false);
  EXPECT_FALSE(others.Finish().ok());
}

}  // namespace
}  // namespace nsobs
