#include "userspace/correlation/executable_file.h"

#include <fcntl.h>
#include <sys/stat.h>

namespace nsobs {
namespace {

constexpr uint32_t kMinorBits = 20;

}  // namespace

Executable StatExecutable(const std::string& path) {
  struct statx found{};
  if (statx(AT_FDCWD, path.c_str(), AT_STATX_DONT_SYNC, STATX_INO | STATX_NLINK | STATX_TYPE,
            &found) != 0) {
    return {};
  }
  // Anonymous devices: those of file systems that make up numbers, among others.
  if (!S_ISREG(found.stx_mode) || found.stx_dev_major == 0) return {};
  return {found.stx_ino, found.stx_dev_major << kMinorBits | found.stx_dev_minor,
          found.stx_nlink == 0};
}

}  // namespace nsobs
