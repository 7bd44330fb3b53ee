#include "userspace/main/host_view.h"

#include <linux/capability.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "userspace/base/file.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

bool HasCapability(int capability) {
  const absl::StatusOr<std::string> status = ReadSmallFile("/proc/self/status", 1 << 16);
  if (!status.ok()) return false;
  for (const absl::string_view line : absl::StrSplit(*status, '\n')) {
    uint64_t mask = 0;
    if (absl::StartsWith(line, "CapEff:\t") && absl::SimpleHexAtoi(line.substr(8), &mask)) {
      return mask >> capability & 1;
    }
  }
  return false;
}

}  // namespace

CorrelatorOptions CorrelatorOptionsOf(const Config& config) {
  CorrelatorOptions options;
  options.roots.docker_data = config.runtimes.docker_data;
  options.roots.docker_exec = config.runtimes.docker_exec;
  options.roots.containerd_state = config.runtimes.containerd_state;
  options.roots.containerd_runc = config.runtimes.containerd_runc;
  options.roots.podman_storage = config.runtimes.podman_storage;
  options.roots.podman_run = config.runtimes.podman_run;
  options.roots.runc = config.runtimes.runc;
  options.roots.crun = config.runtimes.crun;
  options.roots.netns = config.runtimes.netns;
  options.tombstone_ttl = config.containers.tombstone;
  options.max_containers = config.containers.max;
  return options;
}

absl::StatusOr<std::shared_ptr<const Inventory>> ScanThisHost(const Config& config,
                                                              const Clock* clock) {
  if (geteuid() != 0 && !HasCapability(CAP_SYS_PTRACE)) {
    return absl::PermissionDeniedError(
        "needs root (try sudo): the namespaces of other users' processes can't be read otherwise");
  }
  return ScanForEntry(config, clock);
}

absl::StatusOr<std::shared_ptr<const Inventory>> ScanForEntry(const Config& config,
                                                              const Clock* clock) {
  Correlator correlator(CorrelatorOptionsOf(config), clock);
  NSOBS_RETURN_IF_ERROR(correlator.ScanHost());
  return correlator.inventory();
}

}  // namespace nsobs
