#include "userspace/correlation/runtimes/list.h"

#include <array>
#include <utility>

#include "userspace/correlation/runtimes/containerd.h"
#include "userspace/correlation/runtimes/crio.h"
#include "userspace/correlation/runtimes/crun.h"
#include "userspace/correlation/runtimes/docker.h"
#include "userspace/correlation/runtimes/lxc.h"
#include "userspace/correlation/runtimes/netns.h"
#include "userspace/correlation/runtimes/nspawn.h"
#include "userspace/correlation/runtimes/podman.h"
#include "userspace/correlation/runtimes/runc.h"
#include "userspace/correlation/runtimes/runsc.h"

namespace nsobs {
namespace {

struct Runtime {
  std::string_view name;
  std::unique_ptr<RuntimeReader> (*make)(const RuntimeRoots& roots);
};

std::unique_ptr<RuntimeReader> MakeNetns(const RuntimeRoots& roots) {
  return MakeNetnsReader(roots);
}

// Order matters: engines before the runtimes that they use.
constexpr std::array<Runtime, 10> kRuntimes = {{
    {"docker", MakeDockerReader},
    {"podman", MakePodmanReader},
    {"crio", MakeCrioReader},
    {"containerd", MakeContainerdReader},
    {"runc", MakeRuncReader},
    {"crun", MakeCrunReader},
    {"runsc", MakeRunscReader},
    {"lxc", MakeLxcReader},
    {"nspawn", MakeNspawnReader},
    {"netns", MakeNetns},
}};

}  // namespace

RuntimeReaders MakeRuntimeReaders(const RuntimeRoots& roots) {
  RuntimeReaders readers;
  for (const Runtime& runtime : kRuntimes) readers.push_back(runtime.make(roots));
  return readers;
}

std::optional<RuntimeRecord> FindContainer(const RuntimeReaders& readers,
                                           const RuntimeQuery& query) {
  for (const auto& reader : readers) {
    if (auto record = reader->Find(query)) return record;
  }
  return std::nullopt;
}

std::vector<RuntimeRecord> ListContainers(const RuntimeReaders& readers) {
  std::vector<RuntimeRecord> all;
  for (const auto& reader : readers) {
    std::vector<RuntimeRecord> some = reader->List();
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace nsobs
