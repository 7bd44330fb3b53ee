// OOM kills by a memory limit. A host that runs out of memory can't be provoked in a test: that
// nothing is found to have reached its limit (reason "host") is seen only in review.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/bpf/support/counts.h"
#include "tests/bpf/support/expect.h"
#include "tests/bpf/support/probes.h"
#include "tests/bpf/support/wait.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr uint64_t kLimit = 24 << 20;
constexpr uint64_t kSlack = 2 << 20;  // what the kernel's per-CPU counts may hold back, and more

bool SetScore(int score) {
  UniqueFd fd(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  const std::string text = std::to_string(score);
  return write(fd.get(), text.data(), text.size()) > 0;
}

void Touch(uint64_t bytes) {
  char* memory = static_cast<char*>(
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  for (uint64_t i = 0; i < bytes; i += 4096) memory[i] = 1;
}

// Anonymous memory of the calling process: a fork has its parent's, charged to the parent's cgroup.
uint64_t OwnAnonBytes() {
  std::ifstream file("/proc/self/status");
  std::string word;
  uint64_t kib = 0;
  while (file >> word && word != "RssAnon:") continue;
  file >> kib;
  return kib * 1024;
}

int TakeTooMuch(Line& line) {
  if (!SetScore(321)) return 1;
  line.Send(OwnAnonBytes());
  Touch(4 * kLimit);
  return 0;
}

struct OomCase {
  const char* name;
  Place place;
  bool init;
  bool limit_on_parent;
};
const OomCase kCases[] = {
    {"HostOwnLimit", Place::kHost, false, false},
    {"HostParentsLimit", Place::kHost, false, true},
    {"HelperOwnLimit", Place::kOwn, false, false},  // not pid 1: the container lives on
    {"HelperParentsLimit", Place::kOwn, false, true},
    {"InitOwnLimit", Place::kOwn, true, false},
};

class OomTest : public ::testing::TestWithParam<OomCase> {};

void ExpectKill(const Event& event, uint64_t inherited, const Facts& trigger, const Cgroup& own,
                const Cgroup& limit) {
  const auto& kill = std::get<OomKill>(event.detail);
  EXPECT_EQ(Name(kill.reason), own.key() == limit.key() ? "cgroup" : "ancestor");
  ExpectProcess(kill.trigger, trigger, &own);
  EXPECT_EQ(kill.victim_memory, own.key());
  EXPECT_EQ(kill.limit_cgroup, limit.key());
  EXPECT_EQ(kill.limit_bytes.value_or(0), kLimit);
  EXPECT_LE(kill.usage_bytes, kLimit + kSlack);
  EXPECT_GE(kill.usage_bytes, kLimit - kSlack);
  EXPECT_LE(kill.anon_bytes, inherited + kLimit + kSlack);
  EXPECT_GE(kill.anon_bytes + kSlack, inherited + kLimit / 2);
  EXPECT_GT(kill.file_bytes, 0u);
  EXPECT_LT(kill.file_bytes, 64u << 20);
  EXPECT_EQ(kill.shmem_bytes, 0u);
}

TEST_P(OomTest, KillByALimitIsToldOnce) {
  const OomCase& c = GetParam();
  Probes& probes = Probes::Shared();
  Cgroup outer(Hierarchy::kMemory);
  Cgroup inner(outer, "inner");
  const Cgroup& limit = c.limit_on_parent ? outer : inner;
  limit.LimitMemory(kLimit);
  Child child({.place = c.place, .init = c.init, .cgroup = &inner}, TakeTooMuch);
  const int64_t from = BootNowNs();
  child.Go();
  const auto inherited = child.Receive<uint64_t>();
  EXPECT_EQ(WTERMSIG(child.Wait()), SIGKILL);
  const auto events = probes.Of(EventKind::kOomKill, child.facts());
  ASSERT_EQ(events.size(), 1u);
  ExpectHeader(events[0], EventKind::kOomKill, from, BootNowNs());
  ExpectProcess(events[0].process, child.facts(), &inner);
  ExpectKill(events[0], inherited, child.facts(), inner, limit);
  EXPECT_EQ(std::get<OomKill>(events[0].detail).oom_score_adj, 321);
  EXPECT_EQ(child.facts().ns_pid == 1, c.init);
  EXPECT_THAT(CountsOf(probes, CounterFamily::kOomKill, inner, child.facts()),
              ElementsAre(Pair(std::pair(c.limit_on_parent ? 2 : 1, 0), 1)));
}

INSTANTIATE_TEST_SUITE_P(All, OomTest, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

// One process fills the cgroup, another one asks for the page that is too much.
TEST(Oom, TriggerIsNotTheVictim) {
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kMemory);
  cgroup.LimitMemory(kLimit);
  Child victim({.cgroup = &cgroup}, [](Line& line) {
    SetScore(1000);
    const uint64_t inherited = OwnAnonBytes();
    Touch(kLimit * 3 / 4);
    line.Send(inherited);
    line.Pause();
    return 0;
  });
  victim.Go();
  const auto inherited = victim.Receive<uint64_t>();
  ASSERT_NE(inherited, 0u);
  Child trigger({.cgroup = &cgroup}, [](Line&) {
    Touch(kLimit / 2);
    return 0;
  });
  trigger.Run();
  EXPECT_EQ(WTERMSIG(victim.Wait()), SIGKILL);
  const auto events = probes.Of(EventKind::kOomKill, victim.facts());
  ASSERT_EQ(events.size(), 1u);
  ExpectProcess(events[0].process, victim.facts(), &cgroup);
  ExpectKill(events[0], inherited, trigger.facts(), cgroup, cgroup);
  EXPECT_EQ(std::get<OomKill>(events[0].detail).oom_score_adj, 1000);
  EXPECT_TRUE(probes.Of(EventKind::kOomKill, trigger.facts()).empty());
}

// Each limit is found anew: the parent's first, then the child's own below the same parent.
TEST(Oom, LimitsOfSeveralCgroupsInARow) {
  Probes& probes = Probes::Shared();
  Cgroup outer(Hierarchy::kMemory);
  Cgroup first(outer, "first"), second(outer, "second");
  outer.LimitMemory(kLimit);
  const Cgroup* limits[] = {&outer, &second, &outer};
  const Cgroup* homes[] = {&first, &second, &first};
  for (int i = 0; i < 3; ++i) {
    SCOPED_TRACE(i);
    outer.LimitMemory(limits[i] == &outer ? kLimit : 8 * kLimit);
    if (limits[i] == &second) second.LimitMemory(kLimit);
    Child child({.cgroup = homes[i]}, TakeTooMuch);
    child.Go();
    const auto inherited = child.Receive<uint64_t>();
    EXPECT_EQ(WTERMSIG(child.Wait()), SIGKILL);
    const auto events = probes.Of(EventKind::kOomKill, child.facts());
    ASSERT_EQ(events.size(), 1u);
    ExpectKill(events[0], inherited, child.facts(), *homes[i], *limits[i]);
  }
}

}  // namespace
}  // namespace nsobs
