// The exact counters of one cgroup. A cgroup that a test made for one child starts at nothing, so
// that what is read afterwards is what the deed counted, wherever else the host is busy.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "tests/bpf/support/cgroup_lab.h"
#include "tests/bpf/support/facts.h"
#include "tests/bpf/support/probes.h"

namespace nsobs {

// (a, b) of enum nsobs_counter_family -> count. Every key must name the namespace of `owner` that
// the family counts by: a test failure otherwise.
using Counts = std::map<std::pair<int, int>, uint64_t>;
Counts CountsOf(Probes& probes, CounterFamily family, const Cgroup& cgroup, const Facts& owner);

struct TcpCounts {
  uint64_t attempts = 0;
  uint64_t established = 0;
  uint64_t failed = 0;
  uint64_t abandoned = 0;

  uint64_t InFlight() const { return attempts - established - failed - abandoned; }
  friend bool operator==(const TcpCounts&, const TcpCounts&) = default;
};
std::ostream& operator<<(std::ostream& out, const TcpCounts& counts);
TcpCounts TcpOf(Probes& probes, const Cgroup& cgroup, const Facts& owner);

// Runs of a source's program that the kernel left out, since one was under way on that CPU.
uint64_t MissesOf(const ProbeSet& set, std::string_view source);

// Of everything that was lost in this cgroup.
uint64_t LossesOf(Probes& probes, const Cgroup& cgroup, EventKind kind, const std::string& cause);

}  // namespace nsobs
