#include "userspace/snapshot/process_identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"
#include "userspace/snapshot/bounded_read.h"

namespace nsobs {

std::optional<uint64_t> StartTicks(std::string_view stat) {
  const size_t comm_end = stat.rfind(')');
  if (comm_end == std::string_view::npos) return std::nullopt;
  std::string_view rest = stat.substr(comm_end + 1);
  for (int field = 3; field <= 22; ++field) {  // after the comm comes the third, the state
    const size_t space = rest.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(space + 1);
  }
  uint64_t ticks = 0;
  const auto result = std::from_chars(rest.data(), rest.data() + rest.size(), ticks);
  if (result.ec != std::errc() || result.ptr == rest.data()) return std::nullopt;
  return ticks;
}

bool SameStart(uint64_t start_boot_ns, uint64_t ticks) {
  const auto per_second = static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  return start_boot_ns / (1'000'000'000 / per_second) == ticks;
}

absl::StatusOr<OpenedProcess> OpenedProcess::Open(const std::string& proc_root,
                                                  const ProcessKey& key) {
  const std::string path = absl::StrCat(proc_root, "/", key.pid);
  OpenedProcess process(UniqueFd(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)));
  if (!process.directory_.ok())
    return absl::NotFoundError(absl::StrCat("process ", key.pid, " is gone"));
  if (key.start_boot_ns == 0) return process;
  const absl::StatusOr<std::string> stat = ReadProcText("stat", 4096, process.directory_.get());
  const std::optional<uint64_t> ticks = stat.ok() ? StartTicks(*stat) : std::nullopt;
  if (!ticks.has_value()) return absl::NotFoundError(absl::StrCat("process ", key.pid, " is gone"));
  if (!SameStart(key.start_boot_ns, *ticks))
    return absl::NotFoundError(absl::StrCat("pid ", key.pid, " is another process by now"));
  return process;
}

uint32_t OpenedProcess::NamespaceInode(NamespaceKind kind) const {
  const std::string name = absl::StrCat("ns/", std::string(Name(kind)));
  char text[64];
  const ssize_t size = readlinkat(directory_.get(), name.c_str(), text, sizeof text);
  if (size <= 0) return 0;
  const auto link = ParseNamespaceLink(std::string_view(text, static_cast<size_t>(size)));
  return link.has_value() ? link->second : 0;
}

absl::StatusOr<UniqueFd> OpenedProcess::OpenNamespace(NamespaceKind kind, uint32_t inode) const {
  const std::string name = absl::StrCat("ns/", std::string(Name(kind)));
  UniqueFd fd(openat(directory_.get(), name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, name);
  if (inode != 0 && InodeOf(fd.get()) != inode)
    return absl::NotFoundError(absl::StrCat(name, " is another namespace by now"));
  return fd;
}

absl::StatusOr<UniqueFd> OpenedProcess::OpenRoot() const {
  UniqueFd fd(openat(directory_.get(), "root", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, "root");
  return fd;
}

bool OpenedProcess::Alive() const {
  const absl::StatusOr<std::string> stat = ReadProcText("stat", 4096, directory_.get());
  if (!stat.ok()) return false;
  const size_t comm_end = stat->rfind(')');
  if (comm_end == std::string::npos || comm_end + 2 >= stat->size()) return false;
  const char state = (*stat)[comm_end + 2];
  return state != 'Z' && state != 'X';  // these have no namespaces any more
}

uint32_t InodeOf(int fd) {
  struct stat info;
  return fd >= 0 && fstat(fd, &info) == 0 ? static_cast<uint32_t>(info.st_ino) : 0;
}

}  // namespace nsobs
