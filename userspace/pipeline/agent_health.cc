#include "userspace/pipeline/agent_health.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "userspace/base/file.h"

namespace nsobs {
namespace {

uint64_t CountEntries(const char* folder) {
  std::error_code error;
  uint64_t count = 0;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    ++count;
  }
  return count;
}

// The size of the folder since Linux 6.2 (f1f1f2569901), where it was 0: each file listed is one
// looked up.
uint64_t CountOpenFiles() {
  struct stat status{};
  if (stat("/proc/self/fd", &status) == 0 && status.st_size > 0) {
    return static_cast<uint64_t>(status.st_size);
  }
  return CountEntries("/proc/self/fd");
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

void ReadOwnUsage(AgentHealth* health) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  health->cpu_seconds = Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  unsigned long total = 0, resident = 0;
  if (auto statm = ReadSmallFile("/proc/self/statm", 256);
      statm.ok() && sscanf(statm->c_str(), "%lu %lu", &total, &resident) == 2) {
    health->resident_bytes = resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  }
  health->open_fds = CountOpenFiles();
  health->threads = CountEntries("/proc/self/task");
}

}  // namespace nsobs
