#include "userspace/base/cpu_mask.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace nsobs {

// By the calls themselves: glibc's types end at 1,024 CPUs.
CpuMask CpuMask::Of(pid_t tid) {
  CpuMask mask;
  if (syscall(SYS_sched_getaffinity, tid, sizeof mask.words_, mask.words_.data()) < 0) return {};
  return mask;
}

CpuMask CpuMask::One(uint32_t cpu) {
  CpuMask mask;
  if (cpu < kMostCpus) mask.words_[cpu / kBits] = 1UL << cpu % kBits;
  return mask;
}

std::vector<uint32_t> CpuMask::cpus() const {
  std::vector<uint32_t> out;
  for (uint32_t cpu = 0; cpu < kMostCpus; ++cpu) {
    if (words_[cpu / kBits] >> cpu % kBits & 1) out.push_back(cpu);
  }
  return out;
}

bool CpuMask::Apply(pid_t tid) const {
  return syscall(SYS_sched_setaffinity, tid, sizeof words_, words_.data()) == 0;
}

}  // namespace nsobs
