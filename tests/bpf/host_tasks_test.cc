// The pass over all processes, against what each of them says and against /proc.
#include "userspace/event/host_task.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>
#include <vector>

#include "tests/bpf/support/cgroup_lab.h"
#include "tests/bpf/support/child.h"
#include "tests/bpf/support/expect.h"
#include "tests/bpf/support/probes.h"
#include "userspace/correlation/cgroup_index.h"
#include "userspace/correlation/host_scan.h"

namespace nsobs {
namespace {

std::vector<HostTask> List() {
  auto tasks = Probes::Shared().set().ListTasks();
  EXPECT_TRUE(tasks.ok()) << tasks.status();
  return tasks.ok() ? *std::move(tasks) : std::vector<HostTask>();
}

const HostTask* Find(const std::vector<HostTask>& tasks, uint32_t pid) {
  for (const HostTask& task : tasks) {
    if (task.process.pid == pid) return &task;
  }
  return nullptr;
}

struct Where {
  Place place;
  Hierarchy hierarchy;
};

class HostTaskTest : public ::testing::TestWithParam<Where> {};

TEST_P(HostTaskTest, EveryField) {
  Cgroup cgroup(GetParam().hierarchy);
  Child child({.place = GetParam().place, .cgroup = &cgroup, .uid = 4711}, [](Line& line) {
    line.Pause();
    return 0;
  });
  const std::vector<HostTask> tasks = List();
  const HostTask* task = Find(tasks, child.facts().pid);
  ASSERT_NE(task, nullptr);
  EXPECT_FALSE(task->zombie);
  EXPECT_EQ(task->process.uid, 4711u);
  ExpectProcess(task->process, child.facts(), &cgroup);
}

INSTANTIATE_TEST_SUITE_P(All, HostTaskTest,
                         ::testing::Values(Where{Place::kHost, Hierarchy::kUnified},
                                           Where{Place::kOwn, Hierarchy::kUnified},
                                           Where{Place::kOwn, Hierarchy::kMemory}),
                         [](const auto& info) {
                           return std::string(PlaceName(info.param.place)) +
                                  (info.param.hierarchy == Hierarchy::kUnified ? "Unified"
                                                                               : "Memory");
                         });

TEST(HostTasks, ThreadsAndKernelThreadsAreNone) {
  std::atomic<bool> done = false;
  pid_t tid = 0;
  std::thread thread([&] {
    tid = gettid();
    while (!done) usleep(1000);
  });
  while (tid == 0) usleep(1000);
  const std::vector<HostTask> tasks = List();
  done = true;
  thread.join();
  EXPECT_NE(Find(tasks, static_cast<uint32_t>(getpid())), nullptr);
  EXPECT_EQ(Find(tasks, static_cast<uint32_t>(tid)), nullptr);
  EXPECT_EQ(Find(tasks, 2), nullptr) << "kthreadd";
}

TEST(HostTasks, AZombieIsMarkedAndHasItsParent) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  siginfo_t info{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  const std::vector<HostTask> tasks = List();
  const HostTask* task = Find(tasks, static_cast<uint32_t>(child));
  ASSERT_NE(task, nullptr);
  EXPECT_TRUE(task->zombie);
  EXPECT_EQ(task->process.parent_pid, static_cast<uint32_t>(getpid()));
  const HostScan scan = ScanOf(tasks, "/proc");
  EXPECT_EQ(scan.zombies.at(static_cast<uint32_t>(getpid())), 1u);
  waitpid(child, nullptr, 0);
}

TEST(HostTasks, InAnotherPidNamespaceThereIsNoList) {
  Child child({.place = Place::kOwn}, [](Line&) {
    return absl::IsFailedPrecondition(Probes::Shared().set().ListTasks().status()) ? 0 : 1;
  });
  child.Run();
}

// What a daemon takes from it is what it would take from /proc: every process that both saw.
void ExpectSame(const HostProcess& seen, const HostProcess& proc, CgroupIndex* cgroups) {
  EXPECT_EQ(seen.parent_pid, proc.parent_pid);
  EXPECT_EQ(seen.uid, proc.uid);
  EXPECT_EQ(seen.ns_pid, proc.ns_pid == 0 ? proc.pid : proc.ns_pid);
  for (NamespaceKind kind : kNamespaceKinds) {
    EXPECT_EQ(seen.namespaces[kind].inode, proc.namespaces[kind].inode) << Name(kind);
    // Without an id /proc did not tell, as of mount namespaces and of the host's own.
    const uint64_t id = proc.namespaces[kind].id;
    EXPECT_EQ(seen.namespaces[kind].id, id != 0 ? id : seen.namespaces[kind].id) << Name(kind);
  }
  ASSERT_TRUE(seen.place.has_value());
  const CgroupIndex::Place place = cgroups->PlaceOf(proc.cgroup);
  EXPECT_EQ(seen.place->key, place.key) << proc.cgroup.unified << " " << proc.cgroup.memory;
  EXPECT_EQ(seen.place->level, place.level);
}

TEST(HostTasks, AgreesWithProc) {
  Cgroup unified(Hierarchy::kUnified), memory(Hierarchy::kMemory);
  const Deed waits = [](Line& line) {
    line.Pause();
    return 0;
  };
  Child a({.place = Place::kOwn, .cgroup = &unified}, waits);
  Child b({.place = Place::kOwn, .init = true, .cgroup = &memory, .uid = 12}, waits);
  const HostScan listed = ScanOf(List(), "/proc");
  const auto walked = ScanProcesses("/proc");
  ASSERT_TRUE(walked.ok());
  EXPECT_EQ(listed.host, walked->host);
  std::map<std::pair<uint32_t, uint64_t>, const HostProcess*> by_identity;
  for (const HostProcess& p : listed.processes) by_identity[{p.pid, p.start_ticks}] = &p;
  CgroupIndex cgroups(FindCgroupMounts("/proc", ""), {});
  cgroups.Scan(1);
  int common = 0;
  for (const HostProcess& proc : walked->processes) {
    const auto it = by_identity.find({proc.pid, proc.start_ticks});
    if (it == by_identity.end()) continue;  // it began between the two

    SCOPED_TRACE(proc.comm + " " + std::to_string(proc.pid));
    const bool ours = proc.pid == a.facts().pid || proc.pid == b.facts().pid ||
                      proc.pid == static_cast<uint32_t>(getpid());
    if (ours) ExpectSame(*it->second, proc, &cgroups);
    common += ours;
  }
  EXPECT_EQ(common, 3);
}

// The list is taken while processes change their namespaces and end: what it says of each is true.
TEST(HostTasks, RaceWithUnshareNeverShowsForeignNamespaces) {
  std::atomic<bool> done = false;
  std::thread maker([&] {
    while (!done) {
      const pid_t child = fork();
      if (child == 0) {
        for (int i = 0; i < 20; ++i) unshare(CLONE_NEWUTS);
        _exit(0);
      }
      waitpid(child, nullptr, 0);
    }
  });
  const HostScan first = ScanOf(List(), "/proc");
  const HostProcess* me = nullptr;
  for (const HostProcess& p : first.processes) {
    if (p.pid == static_cast<uint32_t>(getpid())) me = &p;
  }
  ASSERT_NE(me, nullptr);
  size_t seen = 0;
  for (int i = 0; i < 300; ++i) {
    for (const HostTask& task : List()) {
      if (task.process.parent_pid != static_cast<uint32_t>(getpid()) || task.zombie) continue;
      ++seen;
      for (NamespaceKind kind : kNamespaceKinds) {
        const NamespaceIdentity& identity = task.process.namespaces[kind];
        if (kind == NamespaceKind::kUts || identity.inode == 0) continue;
        EXPECT_EQ(identity, me->namespaces[kind]) << Name(kind);
      }
    }
  }
  done = true;
  maker.join();
  EXPECT_GT(seen, 0u);
}

}  // namespace
}  // namespace nsobs
