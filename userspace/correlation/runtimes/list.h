// The runtimes that are known. To add one: a file pair with a Make...Reader(), and a line in
// list.cc.
#pragma once

#include <memory>
#include <string_view>

#include "userspace/correlation/runtimes/reader.h"

namespace nsobs {

// One reader a runtime, in the order in which they are asked. `roots` outlives them.
RuntimeReaders MakeRuntimeReaders(const RuntimeRoots& roots);

// Of the first that knows.
std::optional<RuntimeRecord> FindContainer(const RuntimeReaders& readers,
                                           const RuntimeQuery& query);

// Everything that the readers list.
std::vector<RuntimeRecord> ListContainers(const RuntimeReaders& readers);

}  // namespace nsobs
