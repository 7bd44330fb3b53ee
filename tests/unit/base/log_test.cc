#include "userspace/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsobs {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

TEST(LogTest, OneLineToStandardErrorWithUtcTime) {
  InitLog("info");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  spdlog::debug("not this");
  spdlog::info("listening on {}", 9617);
  spdlog::default_logger()->flush();
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_THAT(text, MatchesRegex("[-0-9]+T[:0-9]+\\.[0-9]+Z info listening on 9617\n"));
}

TEST(LogTest, LevelIsKept) {
  InitLog("error");
  EXPECT_EQ(spdlog::default_logger()->level(), spdlog::level::err);
  testing::internal::CaptureStderr();
  spdlog::warn("quiet");
  spdlog::error("loud");
  spdlog::default_logger()->flush();
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, HasSubstr("loud"));
  EXPECT_THAT(text, Not(HasSubstr("quiet")));
  InitLog("info");
}

}  // namespace
}  // namespace nsobs
