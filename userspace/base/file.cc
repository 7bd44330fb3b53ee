#include "userspace/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "userspace/base/fd.h"
#include "userspace/base/status_util.h"

namespace nsobs {

absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t cap_bytes) {
  // O_NONBLOCK and the type check keep a fifo or device in the file's place from stopping us.
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.ok()) return ErrnoStatus(errno, path);
  struct stat st{};
  if (fstat(fd.get(), &st) != 0) return ErrnoStatus(errno, path);
  if (!S_ISREG(st.st_mode)) return absl::FailedPreconditionError(path + ": not a regular file");
  std::string content;
  char buffer[16384];
  while (true) {
    ssize_t n = read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, path);
    if (n == 0) return content;
    if (content.size() + static_cast<size_t>(n) > cap_bytes) {
      return absl::ResourceExhaustedError(path + ": too large");
    }
    content.append(buffer, static_cast<size_t>(n));
  }
}

absl::StatusOr<std::string> ReadLink(const std::string& path) {
  char buffer[PATH_MAX];
  ssize_t n = readlink(path.c_str(), buffer, sizeof buffer);
  if (n < 0) return ErrnoStatus(errno, path);
  return std::string(buffer, static_cast<size_t>(n));
}

}  // namespace nsobs
