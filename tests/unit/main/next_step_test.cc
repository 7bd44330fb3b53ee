#include "userspace/main/next_step.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/main/top/top_samples.h"

namespace nsobs {
namespace {

TEST(NextStepTest, TheNameThatWasMeant) {
  TopReader reader;
  reader.containers = TopSampleContainers();
  const absl::Status unknown = absl::NotFoundError("the timeline knows no container wbe");
  EXPECT_EQ(
      WithNearContainer(unknown, "weg", reader).message(),
      "the timeline knows no container wbe; did you mean \"web\"? (nsobserver containers --all "
      "lists them)");
  EXPECT_EQ(WithNearContainer(unknown, "nothing-near", reader).message(),
            "the timeline knows no container wbe (nsobserver containers --all lists them)");
  EXPECT_EQ(WithNearContainer(unknown, "", reader), unknown) << "not for want of a container";
  const absl::Status other = absl::DataLossError("damaged");
  EXPECT_EQ(WithNearContainer(other, "web", reader), other);
}

TEST(NextStepTest, SudoIsForThoseWhoLackIt) {
  const absl::Status denied = absl::PermissionDeniedError("no");
  EXPECT_EQ(WithSudo(denied).message(), getuid() == 0 ? "no" : "needs root (try sudo): no");
  EXPECT_EQ(WithSudo(absl::NotFoundError("no")).message(), "no");
}

}  // namespace
}  // namespace nsobs
