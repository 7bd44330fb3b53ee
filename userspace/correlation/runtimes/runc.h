// runc by itself, without an engine above it.
#pragma once

#include <memory>

#include "userspace/correlation/runtimes/reader.h"

namespace nsobs {

// `roots` outlives the reader and may grow.
std::unique_ptr<RuntimeReader> MakeRuncReader(const RuntimeRoots& roots);

}  // namespace nsobs
