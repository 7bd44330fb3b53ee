// Where a running container engine keeps its files, as its arguments tell. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "userspace/correlation/runtimes/roots.h"

namespace nsobs {

// True for the names of processes whose arguments are worth a look: conmon, containerd,
// containerd-shim*, dockerd, and the low-level runtimes. comm is cut at 15 bytes.
bool IsEngineComm(std::string_view comm);

// The directories that `args` name. Only for processes of the host's root: whoever chooses the
// arguments chooses whose names are believed. `cwd` is the working directory, "" if not known: that
// of a containerd shim is its bundle. Directories need not exist.
RuntimeRoots ParseEngineArgs(std::string_view comm, const std::vector<std::string>& args,
                             const std::string& cwd);

// Adds the directories of `more` that `roots` lacks; at most 16 of a kind. True if any was new.
bool MergeRoots(const RuntimeRoots& more, RuntimeRoots* roots);

// "a b c" -> words, as records of the kernel side carry arguments.
std::vector<std::string> SplitArgs(std::string_view args);

}  // namespace nsobs
