// What an overlay has copied from its image to its upper layer, because it was to be changed.
#pragma once

#include "userspace/snapshot/section_reader.h"

namespace nsobs {

// The list "copied_up" of the object "overlay": files of 1 MiB or more below `upperdir`, a path of
// the host, that overlayfs marks as copied (it keeps where they came from in the extended attribute
// "overlay.origin": fs/overlayfs/copy_up.c). The largest 16 of the first 16,384 entries.
SectionJson CopiedUp(const Target& target, const std::string& upperdir, ReadNotes* notes);

}  // namespace nsobs
