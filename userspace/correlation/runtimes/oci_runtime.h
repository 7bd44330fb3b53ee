// Finding the state that the low-level runtimes, runc and crun, keep about one container.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "userspace/correlation/runtimes/oci_state.h"
#include "userspace/correlation/runtimes/reader.h"
#include "userspace/correlation/runtimes/state_file.h"

namespace nsobs {

// <root>/<id>/state.json of the first root that has it. `id` must be safe as a file name.
std::optional<OciState> FindRuncState(const StateFiles& files,
                                      const std::vector<std::string>& roots, const std::string& id);

// <root>/<id>/status, with the annotations of the config.json beside it.
std::optional<OciState> FindCrunState(const StateFiles& files,
                                      const std::vector<std::string>& roots, const std::string& id);

// Takes over where the bundle's config.json lies and which volumes that asks for; nothing if it
// can't be read. `bundle` is a path of the host, as the runtime wrote it down. Where the bundle of
// a user who isn't root lies is not told: the snapshotter would open it as root's.
void AddBundle(const StateFiles& files, const std::string& bundle, RuntimeRecord* record);

// The engine that the annotations name ("podman", "containerd", "crio"); "": nobody's, the
// container was made by the low-level runtime itself.
std::string EngineOf(const Labels& annotations);

}  // namespace nsobs
