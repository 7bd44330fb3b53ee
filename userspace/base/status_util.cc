#include "userspace/base/status_util.h"

#include <signal.h>
#include <string.h>

#include "absl/strings/str_cat.h"

namespace nsobs {

absl::Status ErrnoStatus(int error, std::string_view what) {
  return absl::ErrnoToStatus(error, absl::string_view(what.data(), what.size()));
}

absl::Status Annotate(const absl::Status& status, std::string_view what) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(absl::string_view(what.data(), what.size()), ": ",
                                                  status.message()));
}

std::string ErrnoName(int error) {
  if (error == 0) return "";
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : absl::StrCat("errno ", error);
}

std::string SignalName(int signal) {
  // The kernel's range starts at 32; the C library keeps the first two for itself.
  if (signal >= 34 && signal <= 64) {
    return signal == 34 ? "SIGRTMIN" : absl::StrCat("SIGRTMIN+", signal - 34);
  }
  const char* name = sigabbrev_np(signal);
  return name != nullptr ? absl::StrCat("SIG", name) : absl::StrCat("SIG", signal);
}

}  // namespace nsobs
