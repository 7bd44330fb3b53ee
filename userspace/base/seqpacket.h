// Messages of any size over a SOCK_SEQPACKET socket, whose packets are limited by its buffers: a
// message is a run of packets, each with a first byte that says whether more follow.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "userspace/base/deadline.h"
#include "userspace/base/fd.h"

namespace nsobs {

// A socket of this kind, bound to `path` (mode 0600) and listening. What stood there is replaced.
absl::StatusOr<UniqueFd> ListenSeqpacket(const std::string& path);

// NOT_FOUND: nobody listens there.
absl::StatusOr<UniqueFd> ConnectSeqpacket(const std::string& path);

// Waits for one of these events of poll(2), or an error; DEADLINE_EXCEEDED if none comes.
absl::Status AwaitSocket(int fd, short events, Deadline deadline);

// Both give up at `deadline` with DEADLINE_EXCEEDED, whatever the other side does.
absl::Status SendMessage(int fd, std::string_view message, Deadline deadline);
// RESOURCE_EXHAUSTED: it is longer than `most_bytes`; UNAVAILABLE: the other side has gone.
absl::StatusOr<std::string> ReceiveMessage(int fd, size_t most_bytes, Deadline deadline);

}  // namespace nsobs
