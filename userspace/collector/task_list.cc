#include "userspace/collector/task_list.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "bpf/event_abi.h"
#include "userspace/base/fd.h"
#include "userspace/base/status_util.h"
#include "userspace/collector/decoder.h"

namespace nsobs {
namespace {

constexpr size_t kChunk = 64 << 10;  // more than the kernel's buffer of eight pages
constexpr size_t kMaxBytes = 128 << 20;

absl::StatusOr<std::string> ReadAll(int fd) {
  std::string bytes;
  size_t used = 0;
  while (true) {
    bytes.resize(used + kChunk);
    const ssize_t n = read(fd, bytes.data() + used, kChunk);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return ErrnoStatus(errno, "reading the task iterator");
    if (n == 0) break;
    used += static_cast<size_t>(n);
    if (used > kMaxBytes) return absl::ResourceExhaustedError("too many processes");
  }
  bytes.resize(used);
  return bytes;
}

bool IsMe(const HostTask& task) {
  return task.process.pid == static_cast<uint32_t>(getpid()) &&
         task.process.namespaces[NamespaceKind::kPid].inode == NSOBS_HOST_PID_INODE;
}

}  // namespace

absl::StatusOr<std::vector<HostTask>> ReadTasks(int link_fd) {
  UniqueFd iterator(bpf_iter_create(link_fd));
  if (!iterator.ok()) return ErrnoStatus(errno, "the task iterator");
  NSOBS_ASSIGN_OR_RETURN(const std::string bytes, ReadAll(iterator.get()));
  std::vector<HostTask> tasks =
      DecodeHostTasks({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  if (std::none_of(tasks.begin(), tasks.end(), IsMe)) {
    return absl::FailedPreconditionError("not in the pid namespace of the host");
  }
  return tasks;
}

}  // namespace nsobs
