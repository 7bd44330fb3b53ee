#include "userspace/snapshot/bounded_read.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "userspace/base/fd.h"
#include "userspace/base/status_util.h"

namespace nsobs {

absl::StatusOr<std::string> ReadUpTo(int fd, size_t cap) {
  constexpr size_t kStep = 16 << 10;
  std::string out;
  while (out.size() <= cap) {
    const size_t before = out.size();
    const size_t want = std::min(std::max(kStep, before), cap + 1 - before);
    out.resize(before + want);
    const ssize_t got = read(fd, out.data() + before, want);
    if (got < 0 && errno == EINTR) {
      out.resize(before);
      continue;
    }
    if (got < 0) return ErrnoStatus(errno, "read");
    out.resize(before + static_cast<size_t>(got));
    if (got == 0) return out;
  }
  return absl::ResourceExhaustedError("longer than it may be");
}

absl::StatusOr<std::string> ReadProcText(const std::string& path, size_t cap, int directory_fd) {
  const int at = directory_fd < 0 ? AT_FDCWD : directory_fd;
  UniqueFd fd(openat(at, path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd.ok()) return ErrnoStatus(errno, path);
  absl::StatusOr<std::string> text = ReadUpTo(fd.get(), cap);
  if (!text.ok()) return Annotate(text.status(), path);
  return text;
}

}  // namespace nsobs
