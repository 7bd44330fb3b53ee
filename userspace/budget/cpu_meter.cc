#include "userspace/budget/cpu_meter.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "userspace/base/file.h"

namespace nsobs {
namespace {

constexpr size_t kMaxProcesses = 64;  // front, zygote, helper, a few that look
constexpr size_t kMaxList = 4096;

std::vector<int> ChildrenOf(const std::string& process) {
  std::vector<int> out;
  std::error_code error;
  for (std::filesystem::directory_iterator it(process + "/task", error), end; !error && it != end;
       it.increment(error)) {
    const auto list = ReadSmallFile(it->path().string() + "/children", kMaxList);
    if (!list.ok()) continue;
    for (const absl::string_view word : absl::StrSplit(*list, ' ', absl::SkipEmpty())) {
      if (int pid = 0; absl::SimpleAtoi(word, &pid)) out.push_back(pid);
    }
  }
  return out;
}

// Fields 14 to 17 of proc(5)'s stat: user, system, and both of the children that were waited for.
absl::Duration TimeOf(const std::string& process) {
  const auto stat = ReadSmallFile(process + "/stat", kMaxList);
  const size_t name_end = stat.ok() ? stat->rfind(')') : std::string::npos;
  if (name_end == std::string::npos) return absl::ZeroDuration();
  const std::vector<std::string> words =
      absl::StrSplit(stat->substr(name_end + 1), ' ', absl::SkipEmpty());
  int64_t ticks = 0;
  for (size_t field = 14; field <= 17 && field - 3 < words.size(); ++field) {
    if (int64_t value = 0; absl::SimpleAtoi(words[field - 3], &value)) ticks += value;
  }
  return absl::Seconds(1) * ticks / sysconf(_SC_CLK_TCK);
}

}  // namespace

absl::Duration CpuTimeOfAll(const std::string& proc) {
  timespec own{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
  rusage ended{};
  getrusage(RUSAGE_CHILDREN, &ended);
  absl::Duration sum = absl::DurationFromTimespec(own) + absl::DurationFromTimeval(ended.ru_utime) +
                       absl::DurationFromTimeval(ended.ru_stime);
  std::vector<int> open = ChildrenOf(proc + "/self");
  for (size_t i = 0; i < open.size() && i < kMaxProcesses; ++i) {
    const std::string process = proc + "/" + std::to_string(open[i]);
    sum += TimeOf(process);
    for (const int child : ChildrenOf(process)) open.push_back(child);
  }
  return sum;
}

}  // namespace nsobs
