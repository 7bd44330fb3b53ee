#include "userspace/main/target_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "userspace/base/fd.h"
#include "userspace/base/file.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr size_t kMaxBytes = 64 << 10;
constexpr char kScratch[] = "/tmp";  // hidden for a moment, and only in our own mount namespace
constexpr char kResolvConf[] = "/etc/resolv.conf";
constexpr char kHosts[] = "/etc/hosts";

absl::StatusOr<std::optional<std::string>> ReadBelow(int root_fd, const char* path) {
  open_how how{};
  // Opened as a mere name first: to open a device or a pipe can do things by itself.
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const UniqueFd name(static_cast<int>(syscall(SYS_openat2, root_fd, path + 1, &how, sizeof(how))));
  if (!name.ok() && (errno == ENOENT || errno == ENOTDIR)) return std::optional<std::string>();
  if (!name.ok()) return ErrnoStatus(errno, absl::StrCat("the target's ", path));
  struct stat st{};
  if (fstat(name.get(), &st) != 0 || !S_ISREG(st.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the target's ", path, " is not a regular file"));
  }
  auto text = ReadSmallFile(absl::StrCat("/proc/self/fd/", name.get()), kMaxBytes);
  if (!text.ok()) return Annotate(text.status(), absl::StrCat("the target's ", path));
  return std::optional(*std::move(text));
}

absl::Status Failed(const char* what) { return ErrnoStatus(errno, what); }

absl::Status WriteFile(const std::string& path, const std::string& text) {
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd.ok()) return Failed("making a file");
  if (write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return Failed("writing a file");
  }
  return absl::OkStatus();
}

absl::Status Lay(const std::string& name, const std::optional<std::string>& text,
                 const char* over) {
  if (!text || access(over, F_OK) != 0) return absl::OkStatus();
  const std::string path = absl::StrCat(kScratch, "/", name);
  NSOBS_RETURN_IF_ERROR(WriteFile(path, *text));
  if (mount(path.c_str(), over, nullptr, MS_BIND, nullptr) != 0) return Failed(over);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<NameFiles> ReadNameFiles(int root_fd) {
  NameFiles files;
  NSOBS_ASSIGN_OR_RETURN(files.resolv_conf, ReadBelow(root_fd, kResolvConf));
  NSOBS_ASSIGN_OR_RETURN(files.hosts, ReadBelow(root_fd, kHosts));
  return files;
}

absl::Status OverlayNameFiles(const NameFiles& files) {
  if (unshare(CLONE_NEWNS) != 0) return Failed("a mount namespace for --dns");
  // Nothing of what follows may travel to the host's.
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return Failed("--dns");
  if (mount("tmpfs", kScratch, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=1m,mode=755") !=
      0) {
    return Failed("a tmpfs for --dns");
  }
  NSOBS_RETURN_IF_ERROR(Lay("resolv.conf", files.resolv_conf, kResolvConf));
  NSOBS_RETURN_IF_ERROR(Lay("hosts", files.hosts, kHosts));
  // The files stay where they were laid; what was below /tmp is back.
  if (umount2(kScratch, MNT_DETACH) != 0) return Failed("--dns");
  return absl::OkStatus();
}

}  // namespace nsobs
