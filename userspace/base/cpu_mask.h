// The CPUs that a thread may run on: sched_setaffinity(2).
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <vector>

namespace nsobs {

class CpuMask {
 public:
  // Of a thread; 0: of the calling one. Empty if it can't be had.
  static CpuMask Of(pid_t tid);
  static CpuMask One(uint32_t cpu);

  // Ascending.
  std::vector<uint32_t> cpus() const;

  // False if the thread is gone, or none of these CPUs is online and allowed for it. When a thread
  // sets its own it is on one of them by the return.
  bool Apply(pid_t tid) const;

 private:
  static constexpr uint32_t kMostCpus = 8192;  // CONFIG_NR_CPUS with CONFIG_MAXSMP
  static constexpr uint32_t kBits = 8 * sizeof(unsigned long);

  std::array<unsigned long, kMostCpus / kBits> words_{};
};

}  // namespace nsobs
