// The sections whose readers are not in this tree yet say so: deleted when they arrive. Weak, so
// that a real reader wins wherever both are linked.
#include "userspace/snapshot/section_reader.h"

namespace nsobs {

#define NSOBS_PENDING_READER(function, section)                                        \
  __attribute__((weak)) void function(const Target&, SectionJson*, ReadNotes* notes) { \
    notes->Error(section, "this section is not read yet");                             \
  }

NSOBS_PENDING_READER(ReadMnt, "mnt")
NSOBS_PENDING_READER(ReadPid, "pid")
NSOBS_PENDING_READER(ReadCgroup, "cgroup")
NSOBS_PENDING_READER(ReadUts, "uts")
NSOBS_PENDING_READER(ReadIpc, "ipc")
NSOBS_PENDING_READER(ReadTimens, "timens")
NSOBS_PENDING_READER(ReadUser, "user")

}  // namespace nsobs
