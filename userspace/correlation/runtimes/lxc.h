// LXC, and Incus and LXD above it: <lxcpath>/<name>/config, or backup.yaml of an instance.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "userspace/correlation/runtimes/reader.h"

namespace nsobs {

// `roots` outlives the reader and may grow. Answers only queries of runtime "lxc": names are no
// ids.
std::unique_ptr<RuntimeReader> MakeLxcReader(const RuntimeRoots& roots);

// "incus" or "lxd" for the directories that those give to LXC, else "lxc". Pure.
std::string LxcRuntimeOf(std::string_view lxcpath);

}  // namespace nsobs
