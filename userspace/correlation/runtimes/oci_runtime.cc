#include "userspace/correlation/runtimes/oci_runtime.h"

#include <utility>

#include "userspace/correlation/runtimes/state_file.h"

namespace nsobs {

std::optional<OciState> FindRuncState(const StateFiles& files,
                                      const std::vector<std::string>& roots,
                                      const std::string& id) {
  for (const std::string& root : roots) {
    const auto file = files.Read(root + "/" + id + "/state.json");
    auto state = file ? ParseRuncState(file->text) : std::nullopt;
    if (state && state->id == id) return state;
  }
  return std::nullopt;
}

std::optional<OciState> FindCrunState(const StateFiles& files,
                                      const std::vector<std::string>& roots,
                                      const std::string& id) {
  for (const std::string& root : roots) {
    const std::string directory = root + "/" + id;
    const auto file = files.Read(directory + "/status");
    auto state = file ? ParseCrunStatus(file->text) : std::nullopt;
    if (!state) continue;
    state->id = id;
    const auto config = files.Read(directory + "/config.json");
    const auto spec = config ? ParseOciSpec(config->text) : std::nullopt;
    if (spec) state->annotations = spec->annotations;
    return state;
  }
  return std::nullopt;
}

void AddBundle(const StateFiles& files, const std::string& bundle, RuntimeRecord* record) {
  if (!bundle.starts_with('/')) return;
  const std::string path = bundle + "/config.json";
  const auto file = files.Read(path);
  auto spec = file ? ParseOciSpec(file->text) : std::nullopt;
  if (!spec) return;
  if (files.uid() == 0) record->bundle_config = path;
  record->volumes = std::move(spec->volumes);
}

std::string EngineOf(const Labels& annotations) {
  const auto manager = annotations.find("io.container.manager");
  if (manager != annotations.end()) {
    if (manager->second == "libpod") return "podman";
    if (manager->second == "cri-o") return "crio";
  }
  if (annotations.contains("io.kubernetes.cri.container-type")) return "containerd";
  return "";
}

}  // namespace nsobs
