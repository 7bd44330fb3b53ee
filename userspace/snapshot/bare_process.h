// What a process of the snapshotter gives up as it begins: everything of the observer's.
#pragma once

#include "userspace/base/fd.h"

namespace nsobs {

inline constexpr int kOnlySocket = 3;

// 0, 1 and 2 are /dev/null, `socket` is kOnlySocket, and that is all.
void KeepOnly(UniqueFd socket);

// A Ctrl-C at the terminal is the observer's to handle; the end of its socket tells us.
void LeaveSignalsToTheObserver();

}  // namespace nsobs
