#include "userspace/main/live_target.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "userspace/base/file.h"
#include "userspace/base/status_util.h"
#include "userspace/correlation/proc_text.h"

namespace nsobs {
namespace {

// Of `ip netns add NAME`: its namespace lives on in a bind mount.
UniqueFd OpenNamed(const NamedTarget& target, const std::vector<std::string>& roots) {
  constexpr std::string_view kPrefix = "netns ";
  if (target.container == nullptr || target.container->runtime != "netns") return UniqueFd();
  const std::string& name = target.container->name;
  if (!absl::StartsWith(name, "netns ") || name.find('/') != std::string::npos) return UniqueFd();
  for (const std::string& root : roots) {
    UniqueFd fd(open(absl::StrCat(root, "/", name.substr(kPrefix.size())).c_str(),
                     O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat st{};
    if (fd.ok() && fstat(fd.get(), &st) == 0 &&
        st.st_ino == target.namespaces[NamespaceKind::kNet].inode) {
      return fd;
    }
  }
  return UniqueFd();
}

// One that the last scan saw in any of the namespaces that are meant.
ProcessKey SomeProcess(const NamedTarget& target, const Inventory& inventory) {
  for (const NamespaceRecord& ns : inventory.namespaces()) {
    const NamespaceIdentity& wanted = target.namespaces[ns.kind];
    if (wanted.inode == 0 || ns.is_host || ns.some_process.pid == 0) continue;
    if (SameNamespace(wanted, ns.identity)) return ns.some_process;
  }
  return {};
}

uint32_t PidOf(const NamedTarget& target) {
  uint32_t pid = 0;
  const bool is_pid = absl::StartsWith(target.title, "pid:") && target.container == nullptr;
  return is_pid && absl::SimpleAtoi(target.title.substr(4), &pid) ? pid : 0;
}

}  // namespace

absl::StatusOr<ProcessKey> LiveProcess(uint32_t pid, const std::string& proc_root) {
  const auto text = ReadSmallFile(absl::StrCat(proc_root, "/", pid, "/stat"), 4096);
  const auto stat = text.ok() ? ParseProcStat(*text) : std::nullopt;
  if (!stat || stat->dead) return absl::NotFoundError(absl::StrCat("no process has pid ", pid));
  return ProcessKey{pid, stat->start_ticks * kNsPerTick};
}

absl::StatusOr<LiveTarget> ResolveLive(std::string_view text, const Inventory& inventory,
                                       const std::vector<std::string>& netns_roots,
                                       const std::string& proc_root) {
  LiveTarget live;
  NSOBS_ASSIGN_OR_RETURN(
      live.target, ResolveTarget(text, inventory.containers(), inventory.namespaces(), proc_root));
  const ContainerRef& container = live.target.container;
  if (container != nullptr && container->died_boot_ns == 0 && container->init.pid != 0) {
    live.process = container->init;
    live.init_pid = container->init.pid;
    return live;
  }
  if (live.target.title == "host" && container == nullptr) {
    NSOBS_ASSIGN_OR_RETURN(live.process, LiveProcess(1, proc_root));
    return live;
  }
  if (const uint32_t pid = PidOf(live.target); pid != 0) {
    NSOBS_ASSIGN_OR_RETURN(live.process, LiveProcess(pid, proc_root));
    return live;
  }
  live.process = SomeProcess(live.target, inventory);
  if (live.process.pid != 0) return live;
  live.net_fd = OpenNamed(live.target, netns_roots);
  if (live.net_fd.ok()) return live;
  return absl::NotFoundError(absl::StrCat("nothing lives in ", live.target.title, " any more"));
}

}  // namespace nsobs
