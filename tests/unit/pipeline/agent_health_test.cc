#include "userspace/pipeline/agent_health.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <thread>

#include "userspace/base/fd.h"
#include "userspace/base/mutex.h"

namespace nsobs {
namespace {

TEST(AgentHealthTest, ReadsThisProcess) {
  std::thread([] {}).join();  // ThreadSanitizer brings a thread of its own with the first
  AgentHealth before;
  ReadOwnUsage(&before);
  EXPECT_GT(before.resident_bytes, uint64_t{1} << 20);
  EXPECT_GE(before.threads, 1u);
  EXPECT_GE(before.cpu_seconds, 0.0);

  UniqueFd fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
  Notification done;
  std::thread thread([&] { done.WaitForNotification(); });
  AgentHealth after;
  ReadOwnUsage(&after);
  EXPECT_EQ(after.open_fds, before.open_fds + 1);
  EXPECT_EQ(after.threads, before.threads + 1);
  EXPECT_GE(after.cpu_seconds, before.cpu_seconds);
  done.Notify();
  thread.join();
}

}  // namespace
}  // namespace nsobs
