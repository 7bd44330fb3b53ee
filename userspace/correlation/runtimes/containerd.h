// containerd: the OCI bundles in <state>/io.containerd.runtime.v2.task/<namespace>/<id>/, of plain
// clients (ctr) and of Kubernetes (CRI).
#pragma once

#include <memory>

#include "userspace/correlation/runtimes/reader.h"

namespace nsobs {

// `roots` outlives the reader and may grow.
std::unique_ptr<RuntimeReader> MakeContainerdReader(const RuntimeRoots& roots);

}  // namespace nsobs
