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

UniqueFd MeasurePrograms() { return UniqueFd(bpf_enable_stats(BPF_STATS_RUN_TIME)); }

}  // namespace nsobs
