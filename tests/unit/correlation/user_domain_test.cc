// Real user namespaces: whose they are, by the kernel's word.
#include "userspace/correlation/user_domain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

namespace nsobs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr uint32_t kStranger = 65533;

uint32_t OwnInode() {
  struct stat st{};
  EXPECT_EQ(stat("/proc/self/ns/user", &st), 0);
  return static_cast<uint32_t>(st.st_ino);
}

void MapItself(uint32_t uid, uint32_t gid) {
  std::ofstream("/proc/self/uid_map") << "0 " + std::to_string(uid) + " 1";
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream("/proc/self/gid_map") << "0 " + std::to_string(gid) + " 1";
}

// A child that becomes `uid` (if it can) and makes `depth` user namespaces, one in the other.
class Child {
 public:
  Child(uint32_t uid, int depth) {
    const uint32_t gid = getgid();
    int ready[2];
    EXPECT_EQ(pipe(ready), 0);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      bool good = getuid() != 0 || setresuid(uid, uid, uid) == 0;
      for (int i = 0; i < depth; ++i) {
        good = good && unshare(CLONE_NEWUSER) == 0;
        prctl(PR_SET_DUMPABLE, 1);  // else /proc/self is root's
        // Without a map for itself the kernel lets it make no further one.
        if (i + 1 < depth) MapItself(i == 0 ? uid : 0, i == 0 ? gid : 0);
      }
      const char told = good ? 'y' : 'n';
      if (write(ready[1], &told, 1) == 1) pause();
      _exit(0);
    }
    char told = 0;
    EXPECT_EQ(read(ready[0], &told, 1), 1);
    made_ = told == 'y';
    close(ready[0]);
    close(ready[1]);
  }
  ~Child() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  uint32_t pid() const { return static_cast<uint32_t>(pid_); }
  bool made() const { return made_; }

 private:
  pid_t pid_ = 0;
  bool made_ = false;
};

TEST(UserDomainTest, IsTheOneWhoMadeTheNamespace) {
  const uint32_t uid = getuid() == 0 ? kStranger : getuid();
  const Child child(uid, 1);
  if (!child.made()) GTEST_SKIP() << "user namespaces are not allowed here";
  const auto user = ReadUserDomain("/proc", child.pid(), OwnInode());
  ASSERT_TRUE(user.has_value());
  EXPECT_EQ(user->uid, uid);
  EXPECT_THAT(user->uid_map, IsEmpty());
  std::ofstream("/proc/" + std::to_string(child.pid()) + "/uid_map") << "0 " << uid << " 1\n";
  EXPECT_THAT(ReadUserDomain("/proc", child.pid(), OwnInode())->uid_map,
              ElementsAre(IdRange{0, uid, 1}));
}

// Whoever is inside may make more of them, and be anybody there: the outermost counts.
TEST(UserDomainTest, OfNestedOnesTheOutermostCounts) {
  const uint32_t uid = getuid() == 0 ? kStranger : getuid();
  const Child child(uid, 3);
  if (!child.made()) GTEST_SKIP() << "user namespaces can't be nested here";
  const auto user = ReadUserDomain("/proc", child.pid(), OwnInode());
  ASSERT_TRUE(user.has_value());
  EXPECT_EQ(user->uid, uid);
}

TEST(UserDomainTest, NobodysInTheHostsOrOfTheDead) {
  const Child child(getuid(), 0);
  EXPECT_FALSE(ReadUserDomain("/proc", child.pid(), OwnInode()).has_value());
  EXPECT_FALSE(ReadUserDomain("/proc", 1u << 30, OwnInode()).has_value());
  EXPECT_FALSE(ReadUserDomain("/proc", child.pid(), 0).has_value());
}

TEST(UidMapTest, ReadsRangesAndNothingElse) {
  const std::vector<IdRange> ranges =
      ParseUidMap("         0       2001          1\n         1     100000      65536\nx 1 2\n");
  EXPECT_THAT(ranges, ElementsAre(IdRange{0, 2001, 1}, IdRange{1, 100000, 65536}));
  std::string many;
  for (int i = 0; i < 340; ++i) many += "1 2 3\n";
  EXPECT_THAT(ParseUidMap(many), SizeIs(16));
}

}  // namespace
}  // namespace nsobs
