// Messages with descriptors over a SOCK_SEQPACKET socket: unix(7), SCM_RIGHTS.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "userspace/base/fd.h"

namespace nsobs {

inline constexpr size_t kMaxPassedFds = 4;

struct PassedMessage {
  std::string bytes;
  std::vector<UniqueFd> fds;  // close-on-exec
};

// The descriptors stay the caller's.
absl::Status SendMessage(int socket, std::string_view bytes, const std::vector<int>& fds);

// Waits. UNAVAILABLE: the other end is closed; DATA_LOSS: longer than `max_bytes`.
absl::StatusOr<PassedMessage> ReceiveMessage(int socket, size_t max_bytes);

}  // namespace nsobs
