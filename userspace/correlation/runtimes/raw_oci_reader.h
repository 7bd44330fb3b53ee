// What runc and crun have in common when no engine stands above them: a directory with a folder for
// each container, whose name is the container's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "userspace/correlation/runtimes/oci_state.h"
#include "userspace/correlation/runtimes/reader.h"

namespace nsobs {

struct RawOciRuntime {
  const char* name;        // "runc"
  const char* state_file;  // "state.json"
  std::vector<std::string> RuntimeRoots::* roots;
  std::optional<OciState> (*find)(const StateFiles& files, const std::vector<std::string>& roots,
                                  const std::string& id);
};

// `roots` outlives the reader and may grow. Of containers that an engine made it lists only that
// they are there (RuntimeRecord::of_engine): their names are left to the engine's reader.
std::unique_ptr<RuntimeReader> MakeRawOciReader(const RawOciRuntime& runtime,
                                                const RuntimeRoots& roots);

}  // namespace nsobs
