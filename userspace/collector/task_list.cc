#include "userspace/collector/task_list.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>

#include "bpf/event_abi.h"
#include "userspace/base/fd.h"
#include "userspace/base/status_util.h"
#include "userspace/collector/decoder.h"

namespace nsobs {
namespace {

constexpr size_t kChunk = 64 << 10;  // more than the kernel's buffer of eight pages
constexpr size_t kMaxBytes = 128 << 20;

// Decoded as it comes: the bytes of all are never held. A read gives whole records, but need not.
absl::StatusOr<std::vector<HostTask>> ReadAll(int fd) {
  std::vector<HostTask> tasks;
  std::vector<uint8_t> chunk(kChunk);
  size_t kept = 0, total = 0;
  while (true) {
    const ssize_t n = read(fd, chunk.data() + kept, chunk.size() - kept);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return ErrnoStatus(errno, "reading the task iterator");
    if (n == 0) return tasks;
    total += static_cast<size_t>(n);
    if (total > kMaxBytes) return absl::ResourceExhaustedError("too many processes");
    const size_t used = kept + static_cast<size_t>(n);
    kept = used % sizeof(nsobs_host_task);
    DecodeHostTasks({chunk.data(), used - kept}, &tasks);
    memmove(chunk.data(), chunk.data() + used - kept, kept);
  }
}

bool IsAmong(const std::vector<HostTask>& tasks, uint32_t pid) {
  return std::any_of(tasks.begin(), tasks.end(), [&](const HostTask& task) {
    return task.process.pid == pid &&
           task.process.namespaces[NamespaceKind::kPid].inode == NSOBS_HOST_PID_INODE;
  });
}

}  // namespace

absl::StatusOr<std::vector<HostTask>> ReadTasks(int link_fd) {
  UniqueFd iterator(bpf_iter_create(link_fd));
  if (!iterator.ok()) return ErrnoStatus(errno, "the task iterator");
  NSOBS_ASSIGN_OR_RETURN(std::vector<HostTask> tasks, ReadAll(iterator.get()));
  if (!IsAmong(tasks, static_cast<uint32_t>(getpid()))) {
    return absl::FailedPreconditionError("not in the pid namespace of the host");
  }
  return tasks;
}

}  // namespace nsobs
