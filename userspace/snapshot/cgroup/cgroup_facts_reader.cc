#include "userspace/snapshot/cgroup/cgroup_facts_reader.h"

#include "userspace/snapshot/cgroup/cgroup_file.h"

namespace nsobs {
namespace {

void ReadMemory(const CgroupDirectory& at, CgroupFacts* out) {
  if (at.unified) {
    out->memory_limit_bytes = ReadCgroupNumber(at.path, "memory.max");
    out->memory_usage_bytes = ReadCgroupNumber(at.path, "memory.current");
    out->memory_limit_hits = KeyedNumber(ReadCgroupFile(at.path, "memory.events"), "max");
  } else {
    out->memory_limit_bytes = ReadCgroupNumber(at.path, "memory.limit_in_bytes");
    out->memory_usage_bytes = ReadCgroupNumber(at.path, "memory.usage_in_bytes");
    out->memory_limit_hits = ReadCgroupNumber(at.path, "memory.failcnt");
  }
}

void ReadCpu(const CgroupDirectory& at, CgroupFacts* out) {
  const std::string stat = ReadCgroupFile(at.path, "cpu.stat");
  out->cpu_periods = KeyedNumber(stat, "nr_periods");
  out->cpu_throttled_periods = KeyedNumber(stat, "nr_throttled");
  if (const auto us = KeyedNumber(stat, "throttled_usec"); at.unified && us) {
    out->cpu_throttled_ns = *us * 1000;
  }
  if (!at.unified) out->cpu_throttled_ns = KeyedNumber(stat, "throttled_time");
}

void ReadPids(const CgroupDirectory& at, CgroupFacts* out) {
  out->pids_current = ReadCgroupNumber(at.path, "pids.current");
  out->pids_limit = ReadCgroupNumber(at.path, "pids.max");
  out->pids_limit_hits = KeyedNumber(ReadCgroupFile(at.path, "pids.events"), "max");
}

}  // namespace

absl::StatusOr<CgroupFacts> ReadCgroupFacts(const CgroupMountPoints& mounts,
                                            const ByController& paths) {
  CgroupFacts out;
  if (const auto at = DirectoryOf(mounts, paths, "memory")) ReadMemory(at, &out);
  if (const auto at = DirectoryOf(mounts, paths, "cpu")) ReadCpu(at, &out);
  if (const auto at = DirectoryOf(mounts, paths, "pids")) ReadPids(at, &out);
  if (const auto at = DirectoryOf(mounts, paths, "")) {  // v1 has no pressure by cgroup
    out.cpu_stalled_us = StalledUs(ReadCgroupFile(at.path, "cpu.pressure"));
  }
  if (const auto at = DirectoryOf(mounts, paths, ""); at && out.cpu_stalled_us) {  // all or none
    out.memory_stalled_us = StalledUs(ReadCgroupFile(at.path, "memory.pressure"));
    out.io_stalled_us = StalledUs(ReadCgroupFile(at.path, "io.pressure"));
  }
  if (!out.memory_usage_bytes && !out.cpu_periods && !out.pids_current && !out.cpu_stalled_us) {
    return absl::NotFoundError("no cgroup of its own is there");
  }
  return out;
}

}  // namespace nsobs
