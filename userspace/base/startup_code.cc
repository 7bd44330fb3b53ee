#include "userspace/base/startup_code.h"

#include <errno.h>
#include <sys/mman.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "userspace/base/file.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr size_t kMaxMapsBytes = 1 << 20;

struct Range {
  uint64_t begin = 0;
  uint64_t end = 0;
};

// A line of proc_pid_maps(5): "begin-end perms offset device inode path".
bool IsText(absl::string_view line, Range* range) {
  const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
  if (words.size() < 6 || words[1] != "r-xp" || words[4] == "0") return false;
  const std::pair<absl::string_view, absl::string_view> ends =
      absl::StrSplit(words[0], absl::MaxSplits('-', 1));
  return absl::SimpleHexAtoi(ends.first, &range->begin) &&
         absl::SimpleHexAtoi(ends.second, &range->end);
}

}  // namespace

absl::Status ReleaseStartupCode() {
  NSOBS_ASSIGN_OR_RETURN(const std::string maps, ReadSmallFile("/proc/self/maps", kMaxMapsBytes));
  for (absl::string_view line : absl::StrSplit(maps, '\n')) {
    Range range;
    if (!IsText(line, &range)) continue;
    if (madvise(reinterpret_cast<void*>(range.begin), range.end - range.begin, MADV_DONTNEED) !=
        0) {
      return ErrnoStatus(errno, "madvise");
    }
  }
  return absl::OkStatus();
}

}  // namespace nsobs
