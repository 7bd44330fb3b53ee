// Docker, rootful: <data>/containers/<id>/config.v2.json and the state of its runc.
#pragma once

#include <memory>

#include "userspace/correlation/runtimes/reader.h"

namespace nsobs {

// `roots` outlives the reader and may grow.
std::unique_ptr<RuntimeReader> MakeDockerReader(const RuntimeRoots& roots);

}  // namespace nsobs
