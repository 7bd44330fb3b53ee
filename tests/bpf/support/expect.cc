#include "tests/bpf/support/expect.h"

#include <gtest/gtest.h>
#include <string.h>
#include <unistd.h>

namespace nsobs {

void ExpectNamespaces(const NamespaceSet& seen, const Facts& expected) {
  for (NamespaceKind kind : kNamespaceKinds) {
    const auto i = static_cast<size_t>(kind);
    EXPECT_EQ(seen[kind].inode, expected.ns_inode[i]) << Name(kind);
    if (expected.ns_id[i] != 0) {
      EXPECT_EQ(seen[kind].id, expected.ns_id[i]) << Name(kind);
    }
  }
}

void ExpectProcess(const Process& seen, const Facts& expected, const Cgroup* cgroup) {
  EXPECT_EQ(seen.pid, expected.pid);
  EXPECT_EQ(seen.tid, expected.tid);
  EXPECT_EQ(seen.ns_pid, expected.ns_pid);
  EXPECT_EQ(seen.parent_pid, expected.parent_pid);
  EXPECT_EQ(seen.uid, expected.uid);
  EXPECT_EQ(seen.login_uid.value_or(~0u), expected.login_uid);
  EXPECT_EQ(seen.comm, std::string(expected.comm, strnlen(expected.comm, sizeof expected.comm)));
  const auto tick_ns = 1'000'000'000u / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  EXPECT_EQ(seen.start_boot_ns / tick_ns, expected.start_ticks);
  EXPECT_NE(seen.cgroup.id, 0u);
  if (cgroup != nullptr) {
    EXPECT_EQ(seen.cgroup.id, cgroup->key().id);
    EXPECT_EQ(seen.cgroup.hierarchy, cgroup->key().hierarchy);
    EXPECT_EQ(seen.cgroup_level, cgroup->level());
  }
  ExpectNamespaces(seen.namespaces, expected);
}

void ExpectHeader(const Event& event, EventKind kind, int64_t from_boot_ns, int64_t to_boot_ns) {
  EXPECT_EQ(event.kind, kind);
  EXPECT_LE(event.epoch, 1);
  EXPECT_LT(event.cpu, sysconf(_SC_NPROCESSORS_CONF));
  EXPECT_GE(event.boot_ns, from_boot_ns);
  EXPECT_LE(event.boot_ns, to_boot_ns);
}

}  // namespace nsobs
