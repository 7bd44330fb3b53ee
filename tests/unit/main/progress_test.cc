#include "userspace/main/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/time/clock.h"

namespace nsobs {
namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    in = UniqueFd(ends[0]);
    out = UniqueFd(ends[1]);
  }
  std::string Text() {
    char buffer[4096];
    const ssize_t size = read(in.get(), buffer, sizeof(buffer));
    return size > 0 ? std::string(buffer, static_cast<size_t>(size)) : "";
  }
  UniqueFd in, out;
};

TEST(ProgressTest, SpeaksAfterAWhileAndTakesItAway) {
  Pipe pipe;
  Progress progress(pipe.out.get(), "looking into w\x1b[2Jeb", absl::Milliseconds(20), true);
  std::string text;
  for (int i = 0; i < 500 && text.empty(); ++i) {
    absl::SleepFor(absl::Milliseconds(10));
    text = pipe.Text();
  }
  EXPECT_TRUE(absl::StartsWith(text, "\r\x1b[Knsobserver: looking into w\\x1b[2Jeb, 0 s\r"))
      << text;
  progress.Done();
  EXPECT_TRUE(absl::EndsWith(pipe.Text(), "\r\x1b[K"));
}

TEST(ProgressTest, QuickWorkSaysNothing) {
  Pipe pipe;
  {
    const Progress progress(pipe.out.get(), "x", absl::Hours(1), true);
  }
  EXPECT_EQ(pipe.Text(), "");
}

TEST(ProgressTest, OnlyOnATerminal) {
  Pipe pipe;
  {
    const Progress progress(pipe.out.get(), "x", absl::Milliseconds(1), false);
    absl::SleepFor(absl::Milliseconds(50));
  }
  EXPECT_EQ(pipe.Text(), "");
}

}  // namespace
}  // namespace nsobs
