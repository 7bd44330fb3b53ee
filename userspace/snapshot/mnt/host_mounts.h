// The host's own mount table and root: where the sources of mounts and the layers of an overlay
// lie.
#pragma once

#include <optional>

#include "userspace/base/fd.h"
#include "userspace/snapshot/mnt/mountinfo.h"
#include "userspace/snapshot/section_reader.h"

namespace nsobs {

struct HostMounts {
  UniqueFd root;  // O_PATH
  MountTable table;
};

// At most 5,000 mounts, those of the reader's own mount namespace. nullopt, with a note, if they
// can't be read.
std::optional<HostMounts> OpenHostMounts(const Target& target, ReadNotes* notes);

}  // namespace nsobs
