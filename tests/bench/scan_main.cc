// bench_scan ROUNDS: how long a look at all processes takes, in microseconds of CPU: by the
// kernel's iterator, and by /proc. Prints "processes N", "iterator US", "proc US" (the medians).
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "userspace/collector/probe_set.h"
#include "userspace/correlation/host_scan.h"

namespace nsobs::bench {
namespace {

double CpuUs() {
  timespec ts{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
  return static_cast<double>(ts.tv_sec) * 1e6 + static_cast<double>(ts.tv_nsec) / 1e3;
}

double Median(int rounds, const std::function<size_t()>& look, size_t* processes) {
  std::vector<double> us;
  for (int i = 0; i < rounds; ++i) {
    const double start = CpuUs();
    *processes = look();
    us.push_back(CpuUs() - start);
  }
  std::nth_element(us.begin(), us.begin() + rounds / 2, us.end());
  return us[static_cast<size_t>(rounds) / 2];
}

int Main(int rounds) {
  auto probes = ProbeSet::Load({.syscall_hooks = false, .io_uring_hook = false}, {});
  if (!probes.ok()) {
    fprintf(stderr, "bench_scan: %s\n", std::string(probes.status().message()).c_str());
    return 1;
  }
  (*probes)->Attach();
  size_t listed = 0, walked = 0;
  const double iterator = Median(
      rounds,
      [&] {
        const auto tasks = (*probes)->ListTasks();
        return tasks.ok() ? ScanOf(*tasks, "/proc").processes.size() : 0;
      },
      &listed);
  const double proc = Median(
      rounds,
      [] {
        const auto scan = ScanProcesses("/proc");
        return scan.ok() ? scan->processes.size() : 0;
      },
      &walked);
  printf("processes %zu %zu\niterator %.0f\nproc %.0f\n", listed, walked, iterator, proc);
  return listed != 0 && walked != 0 ? 0 : 1;
}

}  // namespace
}  // namespace nsobs::bench

int main(int argc, char** argv) {
  return nsobs::bench::Main(argc > 1 ? std::max(atoi(argv[1]), 1) : 11);
}
