// bench_scan ROUNDS MORE: how long a look at all processes takes, in microseconds of CPU, with so
// many more that sleep: by the kernel's iterator, by /proc, and that the kernel lists them and
// nobody reads what it says. Prints "processes N", "iterator US", "proc US", "bare US" (the
// medians).
#include <bpf/bpf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "userspace/base/fd.h"
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

// The iterator's own work: its bytes come, and that's that.
size_t ReadBare(int link_fd) {
  static char buffer[64 << 10];
  const UniqueFd iterator(bpf_iter_create(link_fd));
  size_t bytes = 0;
  for (ssize_t n = 0; (n = read(iterator.get(), buffer, sizeof buffer)) > 0;)
    bytes += static_cast<size_t>(n);
  return bytes;
}

// Of this process, or of another observer: the program is the same.
UniqueFd FindIterator() {
  for (uint32_t id = 0; bpf_link_get_next_id(id, &id) == 0;) {
    UniqueFd fd(bpf_link_get_fd_by_id(id));
    bpf_link_info link{};
    uint32_t size = sizeof link;
    if (fd.ok() && bpf_obj_get_info_by_fd(fd.get(), &link, &size) == 0 &&
        link.type == BPF_LINK_TYPE_ITER) {
      return fd;
    }
  }
  return UniqueFd();
}

// They end with us.
void Sleepers(int count) {
  for (int i = 0; i < count; ++i) {
    if (fork() != 0) continue;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (true) pause();
  }
}

int Main(int rounds, int more) {
  Sleepers(more);
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
  const UniqueFd link = FindIterator();
  size_t bytes = 0;
  const double bare = Median(rounds, [&] { return ReadBare(link.get()); }, &bytes);
  if (bytes == 0) {
    fputs("bench_scan: no iterator\n", stderr);
    return 1;
  }
  printf("processes %zu %zu\niterator %.0f\nproc %.0f\nbare %.0f\n", listed, walked, iterator, proc,
         bare);
  return listed != 0 && walked != 0 ? 0 : 1;
}

}  // namespace
}  // namespace nsobs::bench

int main(int argc, char** argv) {
  return nsobs::bench::Main(argc > 1 ? std::max(atoi(argv[1]), 1) : 11,
                            argc > 2 ? atoi(argv[2]) : 0);
}
