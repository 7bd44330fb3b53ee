// How one path looks to the target, and whether the host paths of its specified mounts are there.
#pragma once

#include <string>

#include "userspace/snapshot/mnt/mountinfo.h"
#include "userspace/snapshot/section_reader.h"

namespace nsobs {

// The object "path" of the section MNT for target.request->path. Needs target.root_fd.
SectionJson PathView(const Target& target, const MountTable& mounts, ReadNotes* notes);

// Whether a stream socket listens (or a datagram socket is bound) at `path`, by the text of
// /proc/PID/net/unix: only those of one net namespace. Pure.
bool ListensAt(std::string_view proc_net_unix, std::string_view path);

}  // namespace nsobs
