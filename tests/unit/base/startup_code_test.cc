#include "userspace/base/startup_code.h"

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "userspace/base/file.h"

namespace nsobs {
namespace {

int64_t ResidentFileKib() {
  const auto status = ReadSmallFile("/proc/self/status", 1 << 16);
  if (!status.ok()) return -1;
  for (absl::string_view line : absl::StrSplit(*status, '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    int64_t kib = 0;
    if (!words.empty() && absl::SimpleAtoi(words.size() > 1 ? words[1] : "", &kib) &&
        line.substr(0, 8) == "RssFile:") {
      return kib;
    }
  }
  return -1;
}

TEST(StartupCodeTest, WhatIsNotRunAgainIsGivenBackAndTheRestGoesOn) {
  const int64_t before = ResidentFileKib();
  ASSERT_GT(before, 0);
  const absl::Status status = ReleaseStartupCode();
  EXPECT_TRUE(status.ok()) << status;
  const int64_t after = ResidentFileKib();
  EXPECT_GT(after, 0);
  EXPECT_LT(after, before);
}

}  // namespace
}  // namespace nsobs
