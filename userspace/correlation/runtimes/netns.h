// Names that `ip netns add` gives: bind mounts of net namespaces in /run/netns.
#pragma once

#include <memory>

#include "userspace/correlation/runtimes/reader.h"

namespace nsobs {

// `roots` outlives the reader and may grow.
std::unique_ptr<RuntimeReader> MakeNetnsReader(const RuntimeRoots& roots);

// For tests, which can't mount: the inode of the namespace that stands at `path`, 0 if none does.
using NamespaceInodeFn = uint32_t (*)(const std::string& path);
std::unique_ptr<RuntimeReader> MakeNetnsReader(const RuntimeRoots& roots, NamespaceInodeFn inode);

}  // namespace nsobs
