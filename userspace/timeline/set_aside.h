// Moves a timeline file that can't be used out of the way, for people to look at.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace nsobs {

// How many are kept: a disk that corrupts must not also be filled.
inline constexpr int kSetAsideKept = 3;

// Renames timeline.db and the files that SQLite keeps beside it to timeline.db.corrupt-TIME[-N] and
// ...-wal, ...-shm, ...-journal, and deletes the oldest ones beyond kSetAsideKept. No connection
// may be open. Returns the new name without the directory.
absl::StatusOr<std::string> SetAside(const std::string& directory, int64_t wall_ns);

// The path of the one that was set aside last; "" if there is none.
std::string LastSetAside(const std::string& directory);

// When the file of that path or its log was last written, on the wall clock; 0 if it isn't there.
int64_t LastWrittenWallNs(const std::string& path);

}  // namespace nsobs
