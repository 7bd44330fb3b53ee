// Descriptors in the control data of a message: SCM_RIGHTS, unix(7).
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <span>
#include <vector>

#include "userspace/base/fd.h"

namespace nsobs {

// Room for `kFds` descriptors, of one message, which must not outlive it. More than that is cut by
// the kernel, which says so with MSG_CTRUNC.
template <size_t kFds>
struct RightsBuffer {
  alignas(cmsghdr) char bytes[CMSG_SPACE(kFds * sizeof(int))] = {};
};

// To be sent with `message`; the descriptors stay the caller's. At most as many as `buffer` holds.
void PutRights(std::span<const int> fds, std::span<char> buffer, msghdr* message);

// What came with `message`, behind what `out` holds. Also of a message that was cut: whoever
// received it must close what it got.
void TakeRights(msghdr* message, std::vector<UniqueFd>* out);

}  // namespace nsobs
