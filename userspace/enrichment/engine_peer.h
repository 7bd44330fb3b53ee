// An engine's socket, and who is at the other end.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "userspace/base/fd.h"
#include "userspace/enrichment/engine_socket.h"
#include "userspace/event/process.h"

namespace nsobs {

// The file of an engine's socket (O_PATH), once it is sure that it is a socket of `socket.uid`. A
// user's path is followed without symbolic links, so that nobody can make root talk to somebody
// else's service. UNAVAILABLE: nothing is there; PERMISSION_DENIED: it is something else.
absl::StatusOr<UniqueFd> OpenEngineSocket(const EngineSocket& socket);

// Before anything is sent through the connected `fd`: who listens is of `socket.uid` and in our pid
// namespace (SO_PEERCRED, unix(7): the credentials of the time of listen()). DEADLINE_EXCEEDED: it
// is not connected, for the engine accepts nobody; PERMISSION_DENIED: it is somebody else.
absl::Status CheckEnginePeer(int fd, const EngineSocket& socket);

// Whose container it is: the owner of the user namespace that its init lives in (NS_GET_OWNER_UID,
// ioctl_ns(2)); 0 for the initial one. NOT_FOUND: that process is gone, or is another by now.
absl::StatusOr<uint32_t> UserOfContainer(const ProcessKey& init);

}  // namespace nsobs
