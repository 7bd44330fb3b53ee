// What /proc/PID/stat, status and limits say. Pure; comm is chosen by the process.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/snapshot/section_reader.h"

namespace nsobs {

// Of /proc/PID/stat, by proc_pid_stat(5).
struct ProcessStat {
  std::string comm;  // raw bytes
  char state = '?';
  uint32_t parent_pid = 0;
  uint32_t session = 0;
  int32_t tty = 0;
  uint32_t threads = 0;
  uint64_t start_boot_ns = 0;

  bool zombie() const { return state == 'Z' || state == 'X'; }
};
std::optional<ProcessStat> ParseProcessStat(std::string_view text);

// Of /proc/PID/status. Masks as the kernel prints them, bit 0 is signal 1 or capability 0.
struct ProcessStatus {
  std::vector<uint32_t> uids;  // real, effective, saved, filesystem
  std::vector<uint32_t> gids;
  uint32_t ns_pid = 0;  // in its innermost pid namespace
  std::optional<uint64_t> rss_bytes;
  uint64_t signals_pending = 0;  // of the thread and of the process
  uint64_t signals_blocked = 0;
  uint64_t signals_ignored = 0;
  uint64_t signals_caught = 0;
  uint64_t cap_inheritable = 0;
  uint64_t cap_permitted = 0;
  uint64_t cap_effective = 0;
  uint64_t cap_bounding = 0;
  uint64_t cap_ambient = 0;
  std::optional<uint32_t> seccomp;
  std::optional<bool> no_new_privs;
};
ProcessStatus ParseProcessStatus(std::string_view text);

// Of /proc/PID/limits: {"nofile": {"soft": n or null, "hard": n or null}, ...}; null is unlimited.
SectionJson ParseLimits(std::string_view text);

// ["TERM", ...] and ["net_admin", ...].
SectionJson SignalNames(uint64_t mask);
SectionJson CapabilityNames(uint64_t mask);

}  // namespace nsobs
