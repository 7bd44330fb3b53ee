// CRI-O: the OCI bundle <run>/<driver>-containers/<id>/userdata/config.json, whose annotations say
// what Kubernetes calls the container.
#pragma once

#include <memory>

#include "userspace/correlation/runtimes/reader.h"

namespace nsobs {

// `roots` outlives the reader and may grow. It looks where podman's storage is: both use
// containers/storage.
std::unique_ptr<RuntimeReader> MakeCrioReader(const RuntimeRoots& roots);

}  // namespace nsobs
