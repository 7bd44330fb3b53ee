#include "userspace/main/open_namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

absl::Status Gone(const LiveTarget& live) {
  return absl::NotFoundError(
      absl::StrCat(live.target.title, " ended, or is another process by now"));
}

ino_t InodeOf(int fd) {
  struct stat st{};
  return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

ino_t OwnInode(NamespaceKind kind) {
  struct stat st{};
  const std::string path = absl::StrCat("/proc/self/ns/", std::string(Name(kind)));
  return stat(path.c_str(), &st) == 0 ? st.st_ino : 0;
}

absl::StatusOr<UniqueFd> OpenNamespace(const LiveTarget& live, NamespaceKind kind) {
  const std::string path =
      absl::StrCat("/proc/", live.process.pid, "/ns/", std::string(Name(kind)));
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.ok()) return fd;
  if (errno == ENOENT || errno == ESRCH) return Gone(live);
  return ErrnoStatus(
      errno, absl::StrCat("the ", std::string(Name(kind)), " namespace of ", live.target.title));
}

// A pid alone can be another process from one moment to the next: the pidfd keeps it from being
// used again, and what was seen before must still hold.
absl::Status Verify(const LiveTarget& live, const OpenNamespaces& open) {
  const auto now = LiveProcess(live.process.pid);
  constexpr uint64_t kTick = 10'000'000;
  if (!now.ok() || now->start_boot_ns / kTick != live.process.start_boot_ns / kTick) {
    return Gone(live);
  }
  for (const auto& [kind, fd] : open.fds) {
    const uint32_t expected = live.target.namespaces[kind].inode;
    if (expected != 0 && InodeOf(fd.get()) != expected) return Gone(live);
  }
  return absl::OkStatus();
}

absl::Status AddNamespace(LiveTarget& live, NamespaceKind kind, OpenNamespaces* out) {
  UniqueFd fd;
  if (live.process.pid == 0) {
    if (kind != NamespaceKind::kNet) {
      return absl::NotFoundError(absl::StrCat("no process lives in ", live.target.title,
                                              ": it has only a network namespace"));
    }
    fd = std::move(live.net_fd);
  } else {
    NSOBS_ASSIGN_OR_RETURN(fd, OpenNamespace(live, kind));
  }
  if (InodeOf(fd.get()) == OwnInode(kind)) return absl::OkStatus();
  out->fds.emplace_back(kind, std::move(fd));
  return absl::OkStatus();
}

int FlagOf(NamespaceKind kind) {
  switch (kind) {
    case NamespaceKind::kCgroup:
      return CLONE_NEWCGROUP;
    case NamespaceKind::kIpc:
      return CLONE_NEWIPC;
    case NamespaceKind::kMnt:
      return CLONE_NEWNS;
    case NamespaceKind::kNet:
      return CLONE_NEWNET;
    case NamespaceKind::kPid:
      return CLONE_NEWPID;
    case NamespaceKind::kTime:
      return 0x80;  // CLONE_NEWTIME, which the C library's header hides behind the exit signal
    case NamespaceKind::kUser:
      return CLONE_NEWUSER;
    case NamespaceKind::kUts:
      return CLONE_NEWUTS;
  }
  return 0;
}

}  // namespace

absl::StatusOr<OpenNamespaces> OpenForEntry(LiveTarget& live,
                                            const std::vector<NamespaceKind>& kinds,
                                            bool with_root) {
  OpenNamespaces out;
  UniqueFd process;
  if (live.process.pid != 0) {
    process = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, live.process.pid, 0)));
    if (!process.ok()) return errno == ESRCH ? Gone(live) : ErrnoStatus(errno, live.target.title);
  }
  for (const NamespaceKind kind : kinds) NSOBS_RETURN_IF_ERROR(AddNamespace(live, kind, &out));
  if (live.process.pid == 0) return out;
  if (with_root) {
    const std::string path = absl::StrCat("/proc/", live.process.pid, "/root");
    out.root = UniqueFd(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!out.root.ok()) return ErrnoStatus(errno, "the files of " + live.target.title);
  }
  NSOBS_RETURN_IF_ERROR(Verify(live, out));
  return out;
}

absl::Status Join(NamespaceKind kind, int fd) {
  if (setns(fd, FlagOf(kind)) == 0) return absl::OkStatus();
  return ErrnoStatus(errno, absl::StrCat("entering the ", std::string(Name(kind)), " namespace"));
}

}  // namespace nsobs
