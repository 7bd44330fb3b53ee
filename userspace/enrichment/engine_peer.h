// Connecting to an engine's socket, and who is at the other end.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "userspace/base/fd.h"
#include "userspace/enrichment/engine_socket.h"
#include "userspace/event/process.h"

namespace nsobs {

// A connected, non-blocking socket. Before anything is sent it is made sure that the file is a
// socket of `socket.uid` (a user's path is followed without symbolic links, so that nobody can make
// root talk to somebody else's service), and that who listens there is of that uid and in our pid
// namespace (SO_PEERCRED, unix(7): the credentials of the time of listen()).
// UNAVAILABLE: nobody listens, or the backlog is full; PERMISSION_DENIED: it is somebody else.
absl::StatusOr<UniqueFd> ConnectToEngine(const EngineSocket& socket);

// Whose container it is: the owner of the user namespace that its init lives in (NS_GET_OWNER_UID,
// ioctl_ns(2)); 0 for the initial one. NOT_FOUND: that process is gone, or is another by now.
absl::StatusOr<uint32_t> UserOfContainer(const ProcessKey& init);

}  // namespace nsobs
