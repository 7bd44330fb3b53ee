#include "userspace/correlation/host_cgroup_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <cerrno>

#include "userspace/base/fd.h"
#include "userspace/base/status_util.h"
#include "userspace/correlation/host_scan.h"

namespace nsobs {
namespace {

UniqueFd OpenOf(const std::string& process_dir) {
  return UniqueFd(open((process_dir + "/ns/cgroup").c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace

absl::Status JoinHostCgroupNamespace(const std::string& proc_root) {
  UniqueFd host = OpenOf(proc_root + "/1");
  if (!host.ok()) {
    const int error = errno;
    const std::string kthreadd = proc_root + "/2";
    if (IsKthreadd(kthreadd)) host = OpenOf(kthreadd);
    if (!host.ok()) return ErrnoStatus(error, "the cgroup namespace of pid 1");
  }
  struct stat theirs{};
  struct stat ours{};
  if (fstat(host.get(), &theirs) != 0 ||
      stat((proc_root + "/self/ns/cgroup").c_str(), &ours) != 0) {
    return ErrnoStatus(errno, "cgroup namespaces");
  }
  if (theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino) return absl::OkStatus();
  if (setns(host.get(), CLONE_NEWCGROUP) != 0) {
    return ErrnoStatus(errno, "entering the cgroup namespace of the host");
  }
  return absl::OkStatus();
}

}  // namespace nsobs
