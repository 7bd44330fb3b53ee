#include "userspace/collector/bpf_stats.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

namespace nsobs {

ProgramCost ReadProgramCost(const std::string& name, int program_fd) {
  ProgramCost cost;
  cost.program = name;
  bpf_prog_info info{};
  uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(program_fd, &info, &size) != 0) return cost;
  cost.run_time_ns = info.run_time_ns;
  cost.run_count = info.run_cnt;
  cost.recursion_misses = info.recursion_misses;
  return cost;
}

uint64_t ReadProbeMisses(int link_fd) {
  // As much of struct bpf_link_info of 6.7 as is wanted; older headers have less of it, and an
  // older kernel fills less.
  struct {
    uint32_t type, id, program_id, padding;
    uint32_t event_type, event_padding;
    uint64_t function_name;
    uint32_t function_name_bytes, offset;
    uint64_t address, missed, cookie;
  } info{};
  constexpr uint32_t kKprobe = 3, kKretprobe = 4;  // enum bpf_perf_event_type
  uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(link_fd, &info, &size) != 0) return 0;
  const bool is_probe = info.type == BPF_LINK_TYPE_PERF_EVENT &&
                        (info.event_type == kKprobe || info.event_type == kKretprobe);
  return is_probe ? info.missed : 0;
}

UniqueFd MeasurePrograms() { return UniqueFd(bpf_enable_stats(BPF_STATS_RUN_TIME)); }

}  // namespace nsobs
