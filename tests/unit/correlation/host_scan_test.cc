#include "userspace/correlation/host_scan.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "tests/unit/correlation/fake_host.h"

namespace nsobs {
namespace {

const HostProcess* Find(const HostScan& scan, uint32_t pid) {
  for (const HostProcess& process : scan.processes) {
    if (process.pid == pid) return &process;
  }
  return nullptr;
}

TEST(HostScanTest, EveryFieldOfAContainersProcess) {
  FakeHost host;
  host.Start({.pid = 100,
              .parent_pid = 7,
              .ns_pid = 1,
              .uid = 2001,
              .comm = "web (1)",
              .start_ticks = 338590,
              .ns = ContainerNamespaces(5000),
              .unified = "/docker/x",
              .memory = "/caller/x"});
  const auto scan = ScanProcesses(host.Path("proc"));
  ASSERT_TRUE(scan.ok());
  EXPECT_EQ(scan->host, HostNamespaces());
  const HostProcess* process = Find(*scan, 100);
  ASSERT_NE(process, nullptr);
  EXPECT_EQ(process->parent_pid, 7u);
  EXPECT_EQ(process->ns_pid, 1u);
  EXPECT_EQ(process->uid, 2001u);
  EXPECT_EQ(process->comm, "web (1)");
  EXPECT_EQ(process->start_ticks, 338590u);
  EXPECT_EQ(process->namespaces[NamespaceKind::kMnt].inode, 5000u);
  EXPECT_EQ(process->namespaces[NamespaceKind::kPid].inode, 5001u);
  EXPECT_EQ(process->namespaces[NamespaceKind::kUser].inode,
            HostNamespaces()[NamespaceKind::kUser].inode);
  EXPECT_EQ(process->cgroup.unified, "/docker/x");
  EXPECT_EQ(process->cgroup.memory, "/caller/x");
}

TEST(HostScanTest, WhatCannotBeReadIsNotNew) {
  FakeHost host;
  host.Start({.pid = 100});
  host.Remove("proc/100/ns");
  host.Remove("proc/1/ns");
  const auto scan = ScanProcesses(host.Path("proc"));
  ASSERT_TRUE(scan.ok());
  EXPECT_EQ(scan->host, HostNamespaces()) << "from /proc/self";
  const HostProcess* process = Find(*scan, 100);
  ASSERT_NE(process, nullptr);
  for (NamespaceKind kind : kNamespaceKinds) EXPECT_EQ(process->namespaces[kind].inode, 0u);
}

TEST(HostScanTest, TheHostIsWherePidOneIs) {
  FakeHost host;
  host.Remove("proc/self/ns/net");
  std::filesystem::create_symlink("net:[7777]", host.Path("proc/self/ns/net"));
  EXPECT_EQ(ReadHostNamespaces(host.Path("proc")), HostNamespaces());
}

TEST(HostScanTest, OddProcessesAreLeftOut) {
  FakeHost host;
  for (uint32_t pid : {100, 101, 102, 103}) host.Start({.pid = pid, .comm = "x"});
  host.Write("proc/100/stat", "100 (x) Z 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 100 0\n");
  host.Write("proc/101/stat", "101 (x) S 2 0 0 0 0 2129984 0 0 0 0 0 0 0 0 0 0 0 1 0 101 0\n");
  host.Write("proc/102/stat", "");
  host.Remove("proc/103/stat");
  host.MakeDirectory("proc/104");
  host.MakeDirectory("proc/99999999999");
  const auto scan = ScanProcesses(host.Path("proc"));
  ASSERT_TRUE(scan.ok());
  EXPECT_EQ(scan->processes.size(), 1u);
  EXPECT_EQ(scan->processes[0].pid, 1u);
}

TEST(HostScanTest, NoProcNoScan) {
  EXPECT_FALSE(ScanProcesses("/nonexistent").ok());
  FakeHost host;
  EXPECT_FALSE(ScanProcess(host.Path("proc"), HostNamespaces(), 4711).ok());
}

TEST(HostScanTest, TheRealProcKnowsUs) {
  const auto scan = ScanProcesses("/proc");
  ASSERT_TRUE(scan.ok());
  const HostProcess* self = Find(*scan, static_cast<uint32_t>(getpid()));
  ASSERT_NE(self, nullptr);
  EXPECT_EQ(self->parent_pid, static_cast<uint32_t>(getppid()));
  EXPECT_NE(self->namespaces[NamespaceKind::kNet].inode, 0u);
  EXPECT_NE(self->start_ticks, 0u);
}

}  // namespace
}  // namespace nsobs
