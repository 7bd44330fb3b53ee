// The directory of the timeline: made, judged and locked before SQLite sees it.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "userspace/base/fd.h"

namespace nsobs {

inline constexpr char kTimelineFile[] = "timeline.db";

std::string TimelinePath(const std::string& directory);

// Whether a filesystem (statfs f_type) is one on which locks or shared memory of other hosts and
// processes can't be relied on.
bool IsNetworkFilesystem(int64_t magic);

// Makes the directory (0700) if it is missing. FAILED_PRECONDITION: not a directory, on a network
// filesystem, owned by another user than this process and root, or others can write to it.
absl::Status PrepareStorageDirectory(const std::string& directory);

// Holds `directory`/lock until the fd is closed. FAILED_PRECONDITION names the pid of who has it.
absl::StatusOr<UniqueFd> LockStorageDirectory(const std::string& directory);

// Makes the file with mode 0600 if it is missing, and takes rights of others away if it isn't.
// Opens it only to create it: closing a descriptor of a file drops every lock that the process has
// on it, SQLite's too.
absl::Status PrepareFile(const std::string& path);

}  // namespace nsobs
