// Podman, rootful: the list of containers/storage, the state of its runc or crun, and, for labels
// and the names of pods, what libpod's database shows to a plain search.
#pragma once

#include <memory>

#include "userspace/correlation/runtimes/reader.h"

namespace nsobs {

// `roots` outlives the reader and may grow.
std::unique_ptr<RuntimeReader> MakePodmanReader(const RuntimeRoots& roots);

}  // namespace nsobs
