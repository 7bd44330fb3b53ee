// Returns of calls that no program saw are counted, and what is left of the call is not taken for
// the next one. A kretprobe misses them under load; here the program is taken off its hook.
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "tests/bpf/support/detach.h"
#include "tests/bpf/support/probes.h"
#include "userspace/collector/program_table.h"

namespace nsobs {
namespace {

class MissedReturnTest : public ::testing::Test {
 protected:
  // Takes the return of a source off; false if its program is not found.
  bool TakeOff(std::string_view source) {
    for (size_t i = 0; i < ProgramTable().size(); ++i) {
      if (ProgramTable()[i].source != source) continue;
      row_ = i;
      for (const HookRow& hook : ProgramTable()[i].Hooks()) {
        if (hook.hook == probes_.set().states()[i].hook) return Detach(NumberOf(hook.program));
      }
    }
    return false;
  }
  // The kernel's, of one of our programs.
  uint32_t NumberOf(std::string_view program) {
    auto bundle = probes_.set().Bundle();  // holds the links, too: gone when this returns
    bpf_prog_info info{};
    uint32_t size = sizeof info;
    const int fd = bundle.ok() ? bundle->Find("program." + std::string(program)) : -1;
    return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.id : 0;
  }
  uint64_t Missed() { return probes_.set().MissedReturns(row_); }

  Probes probes_{{}, TestSettings()};
  size_t row_ = 0;
};

void FailToConnect() {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  to.sun_path[0] = '/';
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_NE(connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
}

TEST_F(MissedReturnTest, OfConnectsAtTheNextOneAndAtTheEnd) {
  ASSERT_TRUE(TakeOff("connect_return"));
  std::thread([&] {
    FailToConnect();
    EXPECT_EQ(Missed(), 0u);
    FailToConnect();
    EXPECT_EQ(Missed(), 1u);
  }).join();
  for (int i = 0; i < 100 && Missed() < 2; ++i) usleep(10'000);
  EXPECT_EQ(Missed(), 2u);
}

TEST_F(MissedReturnTest, OfUnshareAtTheNextCallOfItsKind) {
  ASSERT_TRUE(TakeOff("unshare_return"));
  std::thread([&] {
    EXPECT_EQ(unshare(CLONE_NEWUTS), 0);
    EXPECT_EQ(Missed(), 0u);
    EXPECT_EQ(unshare(CLONE_FILES), 0);
    EXPECT_EQ(Missed(), 1u) << "it is no change of namespaces, but the last one was left open";
    EXPECT_EQ(unshare(CLONE_FILES), 0);
    EXPECT_EQ(Missed(), 1u);
  }).join();
}

TEST_F(MissedReturnTest, OfListenAtTheNextCallOfItsKind) {
  ASSERT_TRUE(TakeOff("listen_return"));
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_NE(listen(fd.get(), 1), 0);
  EXPECT_EQ(Missed(), 0u);
  EXPECT_NE(listen(fd.get(), 1), 0);
  EXPECT_EQ(Missed(), 1u);
}

}  // namespace
}  // namespace nsobs
