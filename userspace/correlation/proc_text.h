// The texts of /proc/PID that host_scan reads. Pure parsers; comm is chosen by the process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nsobs {

// Of /proc/PID/stat.
struct ProcStat {
  std::string comm;  // raw bytes
  uint32_t parent_pid = 0;
  bool kernel_thread = false;
  bool dead = false;         // a zombie: it ended, and only its parent doesn't know yet
  uint64_t start_ticks = 0;  // field 22: hundredths of a second since boot
};
std::optional<ProcStat> ParseProcStat(std::string_view text);

// Of /proc/PID/status: the innermost of NSpid, the real uid.
struct ProcStatus {
  uint32_t ns_pid = 0;
  uint32_t uid = 0;
};
std::optional<ProcStatus> ParseProcStatus(std::string_view text);

// Of /proc/PID/cgroup: one path a hierarchy of interest, "" where there is no such line.
struct ProcCgroup {
  std::string unified;  // hierarchy 0
  std::string memory;   // v1
  uint32_t memory_hierarchy = 0;
};
ProcCgroup ParseProcCgroup(std::string_view text);

// The clock tick of /proc/PID/stat is 10 ms on every architecture (USER_HZ is 100).
inline constexpr uint64_t kNsPerTick = 10'000'000;

}  // namespace nsobs
