// The harmless deeds that each program in the kernel must see.
#pragma once

#include <string_view>
#include <vector>

namespace nsobs {

// Without a handler a signal is not delivered. For the whole process.
void InstallBeatHandler();

// On the calling thread; `with_files`: those of --probes.files, too. Returns the
// sources whose deed was not done, since a seccomp filter around us does not let it through.
std::vector<std::string_view> DoDeeds(bool with_files);

}  // namespace nsobs
