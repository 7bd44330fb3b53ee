// Named descriptors with a text, as one process hands them to another over a unix socket
// (SCM_RIGHTS, unix(7)).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "userspace/base/deadline.h"
#include "userspace/base/fd.h"

namespace nsobs {

struct NamedFd {
  std::string name;  // see IsBundleName()
  UniqueFd fd;
};

struct FdBundle {
  std::string text;  // at most kMaxBundleText bytes
  std::vector<NamedFd> fds;

  // -1: there is none of this name.
  int Find(std::string_view name) const;
};

inline constexpr size_t kMaxBundleText = 64 << 10;
inline constexpr size_t kMaxBundleFds = 512;

// 1 to 64 letters, digits, '.', '_' and '-': also what systemd takes (FDNAME of sd_notify(3)).
bool IsBundleName(std::string_view name);

// `socket` is a connected SOCK_SEQPACKET. Both give up at `deadline` with DEADLINE_EXCEEDED; the
// other side's end is UNAVAILABLE. The descriptors stay the caller's. INVALID_ARGUMENT: too much,
// or a name that is none.
absl::Status SendBundle(int socket, const FdBundle& bundle, Deadline deadline);

// Close-on-exec descriptors. DATA_LOSS: not what SendBundle() sends; what came is closed.
absl::StatusOr<FdBundle> ReceiveBundle(int socket, Deadline deadline);

}  // namespace nsobs
