// The section CGROUP: limits, what was used of them, and how often they were reached.
#include <string>

#include "userspace/base/sanitize.h"
#include "userspace/snapshot/cgroup/cgroup_file.h"
#include "userspace/snapshot/cgroup/cgroup_layout.h"
#include "userspace/snapshot/proc_file.h"
#include "userspace/snapshot/section_reader.h"

namespace nsobs {
namespace {

constexpr size_t kHostMountinfoBytes = 4 << 20;
constexpr size_t kMaxAncestors = 32;
constexpr uint64_t kKib = 1024;

SectionJson MemoryV1(const std::string& at) {
  const std::string stat = ReadCgroupFile(at, "memory.stat");
  SectionJson out = {{"limit_bytes", OrNull(ReadCgroupNumber(at, "memory.limit_in_bytes"))}};
  SetIfKnown(&out, "usage_bytes", ReadCgroupNumber(at, "memory.usage_in_bytes"));
  SetIfKnown(&out, "peak_bytes", ReadCgroupNumber(at, "memory.max_usage_in_bytes"));
  // total_: with the cgroups below, as the usage is.
  SetIfKnown(&out, "anon_bytes", KeyedNumber(stat, "total_rss"));
  SetIfKnown(&out, "file_bytes", KeyedNumber(stat, "total_cache"));
  SetIfKnown(&out, "limit_hits", ReadCgroupNumber(at, "memory.failcnt"));
  SetIfKnown(&out, "oom_kills", KeyedNumber(ReadCgroupFile(at, "memory.oom_control"), "oom_kill"));
  SetIfKnown(&out, "swap_bytes", KeyedNumber(stat, "total_swap"));
  return out;
}

SectionJson MemoryV2(const std::string& at) {
  const std::string stat = ReadCgroupFile(at, "memory.stat");
  const std::string events = ReadCgroupFile(at, "memory.events");
  SectionJson out = {{"limit_bytes", OrNull(ReadCgroupNumber(at, "memory.max"))}};
  SetIfKnown(&out, "usage_bytes", ReadCgroupNumber(at, "memory.current"));
  SetIfKnown(&out, "peak_bytes", ReadCgroupNumber(at, "memory.peak"));
  SetIfKnown(&out, "anon_bytes", KeyedNumber(stat, "anon"));
  SetIfKnown(&out, "file_bytes", KeyedNumber(stat, "file"));
  SetIfKnown(&out, "limit_hits", KeyedNumber(events, "max"));
  SetIfKnown(&out, "oom_kills", KeyedNumber(events, "oom_kill"));
  SetIfKnown(&out, "swap_bytes", ReadCgroupNumber(at, "memory.swap.current"));
  return out;
}

// Up to the root, which has no limit.
SectionJson Ancestors(const std::string& mount_point, std::string path, bool unified) {
  SectionJson rows = SectionJson::array();
  while (rows.size() < kMaxAncestors) {
    path.resize(path.rfind('/'));
    if (path.empty()) break;
    const std::string at = mount_point + path;
    SectionJson row = {{"path", ToUtf8(path)}};
    row["limit_bytes"] =
        OrNull(ReadCgroupNumber(at, unified ? "memory.max" : "memory.limit_in_bytes"));
    SetIfKnown(&row, "usage_bytes",
               ReadCgroupNumber(at, unified ? "memory.current" : "memory.usage_in_bytes"));
    rows.push_back(std::move(row));
  }
  return rows;
}

SectionJson CpuV1(const std::string& at, const CgroupDirectory& cpuacct) {
  const std::string stat = ReadCgroupFile(at, "cpu.stat");
  SectionJson out = {{"quota_us", OrNull(ReadCgroupNumber(at, "cpu.cfs_quota_us"))}};  // -1: none
  SetIfKnown(&out, "period_us", ReadCgroupNumber(at, "cpu.cfs_period_us"));
  SetIfKnown(&out, "periods", KeyedNumber(stat, "nr_periods"));
  SetIfKnown(&out, "throttled_periods", KeyedNumber(stat, "nr_throttled"));
  SetIfKnown(&out, "throttled_ns", KeyedNumber(stat, "throttled_time"));
  if (cpuacct) SetIfKnown(&out, "usage_ns", ReadCgroupNumber(cpuacct.path, "cpuacct.usage"));
  return out;
}

SectionJson CpuV2(const std::string& at) {
  const std::string max = ReadCgroupFile(at, "cpu.max");
  const std::string stat = ReadCgroupFile(at, "cpu.stat");
  std::string_view line = max;
  SectionJson out = {{"quota_us", OrNull(ParseNumber(NextWord(&line)))}};  // "max": none
  SetIfKnown(&out, "period_us", ParseNumber(NextWord(&line)));
  SetIfKnown(&out, "periods", KeyedNumber(stat, "nr_periods"));
  SetIfKnown(&out, "throttled_periods", KeyedNumber(stat, "nr_throttled"));
  if (const auto us = KeyedNumber(stat, "throttled_usec")) out["throttled_ns"] = *us * 1000;
  if (const auto us = KeyedNumber(stat, "usage_usec")) out["usage_ns"] = *us * 1000;
  return out;
}

SectionJson Pids(const std::string& at) {
  SectionJson out = SectionJson::object();
  SetIfKnown(&out, "current", ReadCgroupNumber(at, "pids.current"));
  out["limit"] = OrNull(ReadCgroupNumber(at, "pids.max"));
  SetIfKnown(&out, "limit_hits", KeyedNumber(ReadCgroupFile(at, "pids.events"), "max"));
  return out;
}

// "8:0 rbytes=1 wbytes=2 ..." of v2, "8:0 Read 1" of v1: summed over the devices.
SectionJson Io(const CgroupDirectory& at) {
  const std::string text =
      ReadCgroupFile(at.path, at.unified ? "io.stat" : "blkio.throttle.io_service_bytes");
  uint64_t read = 0, written = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view line = NextLine(&rest);
    NextWord(&line);
    for (std::string_view w = NextWord(&line); !w.empty(); w = NextWord(&line)) {
      if (w.starts_with("rbytes=")) read += ParseNumber(w.substr(7)).value_or(0);
      if (w.starts_with("wbytes=")) written += ParseNumber(w.substr(7)).value_or(0);
      if (w == "Read") read += ParseNumber(line).value_or(0);
      if (w == "Write") written += ParseNumber(line).value_or(0);
    }
  }
  return {{"read_bytes", read}, {"written_bytes", written}};
}

SectionJson Host(const Target& target) {
  SectionJson out = SectionJson::object();
  const std::string text = ReadCgroupFile(target.proc_root, "meminfo");
  const auto kib = [&](std::string_view key) -> std::optional<uint64_t> {
    std::string_view rest = text;
    while (!rest.empty()) {
      std::string_view line = NextLine(&rest);
      if (NextWord(&line) != key) continue;
      const auto value = ParseNumber(NextWord(&line));
      return value ? std::optional<uint64_t>(*value * kKib) : std::nullopt;
    }
    return std::nullopt;
  };
  SetIfKnown(&out, "memory_total_bytes", kib("MemTotal:"));
  SetIfKnown(&out, "memory_available_bytes", kib("MemAvailable:"));
  out["pressure"] = ReadPressure(target.proc_root + "/pressure", "");
  return out;
}

struct Layout {
  CgroupMountPoints mounts;
  ByController paths;
};

Layout ReadLayout(const Target& target, ReadNotes* notes) {
  Layout out;
  const auto mountinfo = ReadLines(target.proc_root + "/self/mountinfo", kHostMountinfoBytes);
  if (mountinfo.ok()) out.mounts = FindCgroupMountPoints(mountinfo->text);
  if (out.mounts.directories.empty()) notes->Error("cgroup", "no cgroup hierarchy is mounted");
  const auto text = ReadProcFile(target, target.pid, "cgroup");
  if (target.pid != 0 && text.ok()) {
    out.paths = ParseCgroupPaths(*text);
  } else if (out.paths = target.request->cgroup_paths; out.paths.empty()) {
    notes->Error("cgroup", std::string(text.status().message()));
  }
  return out;
}

void AddMemory(const Layout& layout, SectionJson* out, ReadNotes* notes) {
  const CgroupDirectory at = DirectoryOf(layout.mounts, layout.paths, "memory");
  const std::string key = at.unified ? "" : "memory";
  SectionJson memory = at.unified ? MemoryV2(at.path) : MemoryV1(at.path);
  if (!at || (!memory.contains("usage_bytes") && memory["limit_bytes"].is_null())) {
    notes->Error("cgroup", "no memory cgroup of its own, or it is gone");
    return;
  }
  (*out)["memory"] = std::move(memory);
  (*out)["ancestors"] = Ancestors(layout.mounts.Of(key), *Find(layout.paths, key), at.unified);
}

}  // namespace

void ReadCgroup(const Target& target, SectionJson* out, ReadNotes* notes) {
  const Layout layout = ReadLayout(target, notes);
  (*out)["version"] = layout.mounts.Version();
  SectionJson paths = SectionJson::object();
  for (const auto& [controller, path] : layout.paths) paths[ToUtf8(controller)] = ToUtf8(path);
  (*out)["paths"] = std::move(paths);
  AddMemory(layout, out, notes);
  const auto directory = [&](const char* c) { return DirectoryOf(layout.mounts, layout.paths, c); };
  if (const auto at = directory("cpu")) {
    (*out)["cpu"] = at.unified ? CpuV2(at.path) : CpuV1(at.path, directory("cpuacct"));
  }
  if (const auto at = directory("pids")) (*out)["pids"] = Pids(at.path);
  const CgroupDirectory io = directory("io");
  const CgroupDirectory blkio = directory("blkio");
  if (blkio && !blkio.unified) {
    (*out)["io"] = Io(blkio);
  } else if (io) {
    (*out)["io"] = Io(io);
  }
  const CgroupDirectory unified = directory("");
  (*out)["pressure"] = unified ? ReadPressure(unified.path, ".pressure") : SectionJson(nullptr);
  (*out)["host"] = Host(target);
}

}  // namespace nsobs
