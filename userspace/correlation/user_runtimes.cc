#include "userspace/correlation/user_runtimes.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "userspace/base/file.h"
#include "userspace/correlation/cgroup_path.h"
#include "userspace/correlation/engine_args.h"
#include "userspace/correlation/proc_text.h"

namespace nsobs {
namespace {

constexpr size_t kMaxUsers = 256;
constexpr size_t kPasswdCap = 4 << 20;
constexpr int64_t kListTtlNs = 2'000'000'000;
// A runtime writes its state before it starts the container's program, but not at once.
constexpr int64_t kStateDelayNs = 1'000'000'000;

}  // namespace

// podman: storage.conf(5), podman(1); docker: "Rootless mode"; lxc: lxc.container.conf(5).
RuntimeRoots UserRoots(uint32_t uid, const std::string& run, const std::string& home) {
  RuntimeRoots roots = RuntimeRoots::None();
  roots.files = StateFiles(uid);
  const std::string number = std::to_string(uid);
  // And what stands in for XDG_RUNTIME_DIR where there is none.
  for (const std::string& folder :
       {run, "/tmp/podman-run-" + number, "/tmp/storage-run-" + number}) {
    roots.podman_run.push_back(folder + "/containers");
    roots.runc.push_back(folder + "/runc");
    roots.crun.push_back(folder + "/crun");
  }
  roots.docker_exec = {run + "/docker"};
  roots.runc.push_back(run + "/docker/runtime-runc/moby");
  roots.crun.push_back(run + "/docker/runtime-runc/moby");
  roots.containerd_state = {run + "/docker/containerd/daemon", run + "/containerd"};
  roots.containerd_runc = {run + "/containerd/runc"};
  if (home.empty()) return roots;
  roots.docker_data = {home + "/.local/share/docker"};
  roots.podman_storage = {home + "/.local/share/containers/storage"};
  roots.lxc = {home + "/.local/share/lxc"};
  return roots;
}

// No NSS: libraries that it loads may ask a server.
std::string UserRuntimes::HomeOf(uint32_t uid) const {
  const auto text = ReadSmallFile(passwd_path_, kPasswdCap);
  if (!text.ok()) return "";
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ':');
    uint32_t found = 0;
    if (fields.size() != 7 || !absl::SimpleAtoi(fields[2], &found) || found != uid) continue;
    const std::string home(fields[5]);
    return home.size() > 1 && home.front() == '/' ? home : "";
  }
  return "";
}

UserRuntimes::One* UserRuntimes::Get(uint32_t uid) {
  if (uid == 0) return nullptr;
  const auto known = users_.find(uid);
  if (known != users_.end()) return known->second.get();
  if (users_.size() >= kMaxUsers) return nullptr;
  auto one = std::make_unique<One>();
  one->roots = UserRoots(uid, run_ + "/" + std::to_string(uid), HomeOf(uid));
  one->readers = MakeRuntimeReaders(one->roots);
  return (users_[uid] = std::move(one)).get();
}

const RuntimeReaders* UserRuntimes::ReadersOf(uint32_t uid) {
  const One* one = Get(uid);
  return one == nullptr ? nullptr : &one->readers;
}

void UserRuntimes::Learn(uint32_t uid, const RuntimeRoots& more) {
  One* one = Get(uid);
  if (one != nullptr && MergeRoots(more, &one->roots)) one->listed_boot_ns = 0;
}

std::optional<FileVersion> UserRuntimes::Stat(uint32_t uid, const std::string& path) {
  if (uid == 0) return StatStateFile(path);
  const One* one = Get(uid);
  return one == nullptr ? std::nullopt : one->roots.files.Stat(path);
}

std::optional<RuntimeRecord> UserRuntimes::FindByInit(uint32_t uid, const ProcessId& init,
                                                      int64_t boot_ns) {
  One* one = Get(uid);
  if (one == nullptr) return std::nullopt;
  const auto started = static_cast<int64_t>(init.start_ticks * kNsPerTick);
  const bool fresh = one->listed_boot_ns != 0 && boot_ns - one->listed_boot_ns < kListTtlNs &&
                     started + kStateDelayNs < one->listed_boot_ns;
  if (!fresh) {
    one->listed = ListContainers(one->readers);
    one->listed_boot_ns = boot_ns;
  }
  for (const RuntimeRecord& record : one->listed) {
    if (record.init_pid != init.pid || record.init_start_ticks != init.start_ticks) continue;
    // An engine's own files know better what its low-level runtime was told to make.
    if (auto better = FindContainer(one->readers, {record.id, ""})) return better;
    if (!record.of_engine) return record;
  }
  return std::nullopt;
}

}  // namespace nsobs
