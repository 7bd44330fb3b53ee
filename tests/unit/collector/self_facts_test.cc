// The start-up self-test must notice each field that is read wrongly.
#include "userspace/collector/self_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string.h>
#include <unistd.h>

#include <string>

#include "bpf/event_abi.h"
#include "userspace/base/file.h"
#include "userspace/event/namespace_kind.h"

namespace nsobs {
namespace {

using ::testing::HasSubstr;

// This thread as a program that reads everything rightly would see it.
nsobs_process Truth() {
  nsobs_process out{};
  for (NamespaceKind kind : kNamespaceKinds) {
    const auto link = ReadLink("/proc/thread-self/ns/" + std::string(Name(kind)));
    if (!link.ok()) continue;
    out.ns.inode[static_cast<size_t>(kind)] = ParseNamespaceLink(*link)->second;
  }
  out.ns_pid = static_cast<uint32_t>(getpid());
  out.uid = getuid();
  const std::string comm = ReadSmallFile("/proc/thread-self/comm", 64).value();
  memcpy(out.comm, comm.data(), comm.size() - 1);
  return out;
}

void ExpectDifference(const nsobs_process& seen, const std::string& field) {
  const absl::Status status = CompareWithProc(seen);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << field;
  EXPECT_THAT(std::string(status.message()), HasSubstr(field));
}

TEST(SelfFactsTest, TheTruthPasses) { EXPECT_EQ(CompareWithProc(Truth()), absl::OkStatus()); }

TEST(SelfFactsTest, EachNamespaceIsCompared) {
  for (NamespaceKind kind : kNamespaceKinds) {
    if (!ReadLink("/proc/thread-self/ns/" + std::string(Name(kind))).ok()) continue;
    nsobs_process wrong = Truth();
    ++wrong.ns.inode[static_cast<size_t>(kind)];
    ExpectDifference(wrong, std::string(Name(kind)) + " namespace");
  }
}

TEST(SelfFactsTest, PidUidAndCommAreCompared) {
  nsobs_process wrong = Truth();
  ++wrong.ns_pid;
  ExpectDifference(wrong, "pid");
  wrong = Truth();
  ++wrong.uid;
  ExpectDifference(wrong, "uid");
  wrong = Truth();
  wrong.comm[0] ^= 1;
  ExpectDifference(wrong, "comm");
  wrong = Truth();
  memset(wrong.comm, 'x', sizeof wrong.comm);  // without a NUL
  ExpectDifference(wrong, "comm");
}

TEST(SelfFactsTest, NothingAtAllIsNoticed) {
  EXPECT_EQ(CompareWithProc(nsobs_process{}).code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace nsobs
