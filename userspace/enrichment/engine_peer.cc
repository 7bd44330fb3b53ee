#include "userspace/enrichment/engine_peer.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "userspace/base/file.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr size_t kMaxStat = 4096;

UniqueFd OpenSocketFile(const EngineSocket& socket) {
  open_how how = {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  if (socket.uid != 0) how.resolve |= RESOLVE_NO_SYMLINKS;
  return UniqueFd(
      static_cast<int>(syscall(SYS_openat2, AT_FDCWD, socket.path.c_str(), &how, sizeof how)));
}

// Field 22 of /proc/PID/stat, in clock ticks since boot; 0: not known.
uint64_t StartTicks(uint32_t pid) {
  const auto stat = ReadSmallFile(absl::StrCat("/proc/", pid, "/stat"), kMaxStat);
  if (!stat.ok()) return 0;
  const size_t comm_end = stat->rfind(')');
  if (comm_end == std::string::npos) return 0;
  unsigned long long ticks = 0;
  const int found = sscanf(stat->c_str() + comm_end + 1,
                           " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
                           "%*d %*d %llu",
                           &ticks);
  return found == 1 ? ticks : 0;
}

}  // namespace

absl::StatusOr<UniqueFd> OpenEngineSocket(const EngineSocket& socket) {
  UniqueFd file = OpenSocketFile(socket);
  if (!file.ok()) return absl::UnavailableError(absl::StrCat("no socket: ", strerror(errno)));
  struct stat found = {};
  if (fstat(file.get(), &found) != 0 || !S_ISSOCK(found.st_mode) || found.st_uid != socket.uid) {
    return absl::PermissionDeniedError(absl::StrCat("not a socket of uid ", socket.uid));
  }
  return file;
}

absl::Status CheckEnginePeer(int fd, const EngineSocket& socket) {
  sockaddr_un address = {};
  socklen_t address_size = sizeof address;
  // A full backlog, as that of an engine that hangs, leaves it as it was.
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&address), &address_size) != 0) {
    return absl::DeadlineExceededError("it accepts no connection");
  }
  ucred peer = {};
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return ErrnoStatus(errno, "SO_PEERCRED");
  }
  if (peer.uid != socket.uid) {
    return absl::PermissionDeniedError(
        absl::StrCat("uid ", peer.uid, " listens there, not ", socket.uid));
  }
  const auto own = ReadLink("/proc/self/ns/pid");
  const auto theirs = ReadLink(absl::StrCat("/proc/", peer.pid, "/ns/pid"));
  if (peer.pid <= 0 || !own.ok() || !theirs.ok() || *own != *theirs) {
    return absl::PermissionDeniedError("who listens there is not of this host, or is gone");
  }
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> UserOfContainer(const ProcessKey& init) {
  const UniqueFd ns(
      open(absl::StrCat("/proc/", init.pid, "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  const uint64_t ticks_per_second = static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  const uint64_t expected = init.start_boot_ns / (1'000'000'000 / ticks_per_second);
  // Read after the namespace was opened: then it is the same process.
  const uint64_t ticks = StartTicks(init.pid);
  const bool same = ticks != 0 && (ticks > expected ? ticks - expected : expected - ticks) <= 1;
  if (!ns.ok() || !same) return absl::NotFoundError("the container's init is gone");
  struct stat own = {}, theirs = {};
  if (stat("/proc/self/ns/user", &own) == 0 && fstat(ns.get(), &theirs) == 0 &&
      own.st_ino == theirs.st_ino) {
    return 0;
  }
  uid_t owner = 0;
  if (ioctl(ns.get(), NS_GET_OWNER_UID, &owner) != 0) return ErrnoStatus(errno, "NS_GET_OWNER_UID");
  return owner;
}

}  // namespace nsobs
