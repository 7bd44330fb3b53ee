// The JSON that runtimes keep, the texts of /proc and the arguments of engines: broken ones are
// "not known", and what is read stays inside its bounds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "userspace/correlation/cgroup_path.h"
#include "userspace/correlation/engine_args.h"
#include "userspace/correlation/lxc_monitor.h"
#include "userspace/correlation/proc_text.h"
#include "userspace/correlation/runtimes/json_util.h"
#include "userspace/correlation/runtimes/oci_state.h"
#include "userspace/correlation/runtimes/runsc.h"
#include "userspace/correlation/user_domain.h"

namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

void CheckLabels(const nsobs::Labels& labels) {
  Check(labels.size() <= nsobs::kMaxLabels);
  for (const auto& [key, value] : labels) {
    Check(key.size() <= nsobs::kMaxLabelBytes && value.size() <= nsobs::kMaxLabelBytes);
  }
}

void ParseState(std::string_view text) {
  if (const auto state = nsobs::ParseRuncState(text)) CheckLabels(state->annotations);
  if (const auto state = nsobs::ParseCrunStatus(text)) CheckLabels(state->annotations);
  if (const auto spec = nsobs::ParseOciSpec(text)) CheckLabels(spec->annotations);
  if (const auto config = nsobs::ParseDockerConfig(text)) {
    CheckLabels(config->labels);
    Check(config->name.size() <= nsobs::kMaxNameBytes);
  }
  if (const auto record = nsobs::ParseRunscState(text)) CheckLabels(record->labels);
  for (const auto& [inode, monitor] : nsobs::ParseCommandSockets(text)) {
    Check(nsobs::IsSafeFileName(monitor.name) && monitor.lxcpath.starts_with("/"));
  }
  Check(nsobs::ParseUidMap(text).size() <= 16);
  const std::string id(64, 'a');
  if (const auto found = nsobs::FindStorageContainer(text, id)) Check(found->id == id);
  if (const auto object = nsobs::FindLibpodObject(text, id)) CheckLabels(object->labels);
}

void ParseArgs(std::string_view text) {
  for (std::string_view comm :
       {"conmon", "containerd-shim", "containerd", "dockerd", "runc", "lxc-start", "exe"}) {
    const nsobs::RuntimeRoots roots =
        nsobs::ParseEngineArgs(comm, nsobs::SplitArgs(text), std::string(text));
    for (const auto* paths : {&roots.containerd_state, &roots.lxc, &roots.runsc}) {
      for (const std::string& path : *paths) {
        Check(path.starts_with("/") && path.find("..") == std::string::npos);
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ParseState(text);
  ParseArgs(text);
  nsobs::ParseProcStat(text);
  nsobs::ParseProcStatus(text);
  nsobs::ParseProcCgroup(text);
  return 0;
}
