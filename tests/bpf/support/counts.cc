#include "tests/bpf/support/counts.h"

#include <gtest/gtest.h>

#include <ostream>

namespace nsobs {
namespace {

KernelCounters ReadAll(Probes& probes) {
  auto counters = probes.counters().Read();
  if (!counters.ok()) {
    ADD_FAILURE() << counters.status();
    return {};
  }
  return *std::move(counters);
}

void ExpectNamespace(const NamespaceIdentity& seen, NamespaceKind kind, const Facts& owner) {
  const auto i = static_cast<size_t>(kind);
  EXPECT_EQ(seen.inode, owner.ns_inode[i]) << Name(kind);
  if (owner.ns_id[i] != 0) {
    EXPECT_EQ(seen.id, owner.ns_id[i]) << Name(kind);
  }
}

}  // namespace

Counts CountsOf(Probes& probes, CounterFamily family, const Cgroup& cgroup, const Facts& owner) {
  Counts out;
  for (const Counter& counter : ReadAll(probes).counters) {
    EXPECT_FALSE(counter.overflow);
    if (counter.family != family || counter.key.cgroup != cgroup.key()) continue;
    ExpectNamespace(counter.key.ns, NamespaceOf(family), owner);
    out[{counter.a, static_cast<int>(counter.b)}] += counter.value;
  }
  return out;
}

std::ostream& operator<<(std::ostream& out, const TcpCounts& c) {
  return out << c.attempts << " attempts, " << c.established << " established, " << c.failed
             << " failed, " << c.abandoned << " abandoned";
}

TcpCounts TcpOf(Probes& probes, const Cgroup& cgroup, const Facts& owner) {
  TcpCounts out;
  for (const TcpCounter& counter : ReadAll(probes).tcp) {
    if (counter.key.cgroup != cgroup.key()) continue;
    ExpectNamespace(counter.key.ns, NamespaceKind::kNet, owner);
    out.attempts += counter.attempts;
    out.established += counter.established;
    out.failed += counter.failed;
    out.abandoned += counter.abandoned;
  }
  return out;
}

uint64_t LossesOf(Probes& probes, const Cgroup& cgroup, EventKind kind, const std::string& cause) {
  uint64_t out = 0;
  for (const OwnerLoss& loss : ReadAll(probes).losses) {
    if (loss.key.cgroup == cgroup.key() && loss.kind == kind && loss.cause == cause)
      out += loss.value;
  }
  return out;
}

uint64_t MissesOf(const ProbeSet& set, std::string_view source) {
  for (const ProgramCost& cost : set.costs()) {
    if (cost.program == source) return cost.recursion_misses;
  }
  return 0;
}

}  // namespace nsobs
