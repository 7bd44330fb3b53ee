// What a process of ours gives up before it touches what others wrote: capabilities(7), prctl(2).
#pragma once

#include <functional>
#include <span>

#include "absl/status/status.h"

namespace nsobs {

// Of this process, for good: every capability but `kept`, new privileges, being dumped or traced by
// who isn't privileged. `while_capable` is called before the capabilities go (e.g. to change the
// user); its error ends it. One thread.
absl::Status GiveUpPrivileges(
    std::span<const unsigned> kept = {},
    const std::function<absl::Status()>& while_capable = [] { return absl::OkStatus(); });

}  // namespace nsobs
