// What the host can't see of containers that don't run on its kernel. Pure.
#pragma once

#include <string>
#include <string_view>

namespace nsobs {

// In words, for people; "" for runtimes whose containers are processes of the host. Either may be
// "" if it isn't known.
std::string BlindSpotsOf(std::string_view runtime, std::string_view oci_runtime);

// "runsc" or "kata" if the name of a runtime or the path of its program says so, else the name of
// the program: "/usr/bin/crun" -> "crun", "io.containerd.runc.v2" -> "runc".
std::string LowLevelRuntime(std::string_view program);

}  // namespace nsobs
