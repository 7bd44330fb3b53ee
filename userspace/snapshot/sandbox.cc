#include "userspace/snapshot/sandbox.h"

#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "userspace/base/privileges.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

absl::Status Limit(__rlimit_resource resource, rlim_t value) {
  rlimit limit;
  if (getrlimit(resource, &limit) != 0) return ErrnoStatus(errno, "getrlimit");
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < value) value = limit.rlim_max;
  limit = {value, value};
  return setrlimit(resource, &limit) == 0 ? absl::OkStatus() : ErrnoStatus(errno, "setrlimit");
}

}  // namespace

absl::Status DropPrivileges() {
  constexpr unsigned kKept[] = {CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_NET_ADMIN};
  return GiveUpPrivileges(kKept);
}

absl::Status LimitResources() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // these map terabytes
  NSOBS_RETURN_IF_ERROR(Limit(RLIMIT_AS, 512UL << 20));
#endif
  NSOBS_RETURN_IF_ERROR(Limit(RLIMIT_CPU, 2));
  NSOBS_RETURN_IF_ERROR(Limit(RLIMIT_FSIZE, 0));
  NSOBS_RETURN_IF_ERROR(Limit(RLIMIT_CORE, 0));
  NSOBS_RETURN_IF_ERROR(Limit(RLIMIT_NOFILE, 64));
  return Limit(RLIMIT_NPROC, 0);
}

absl::Status SyscallFilter::Apply() const {
  std::vector<sock_filter> program = program_;
  const sock_fprog filter = {static_cast<unsigned short>(program.size()), program.data()};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0)
    return ErrnoStatus(errno, "seccomp");
  return absl::OkStatus();
}

}  // namespace nsobs
