// openat2 with one fixed argument. Seccomp can't look into the memory that openat2's flags stand
// in; so they stand in one page that is read-only, and the filter lets only its address pass.
#pragma once

#include <linux/openat2.h>

namespace nsobs {

// O_PATH | O_CLOEXEC with RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS and RESOLVE_CACHED; nullptr if
// there is no memory. The same address in every process that was forked after the first call.
const open_how* SealedCachedOpen();

}  // namespace nsobs
