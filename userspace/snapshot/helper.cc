#include "userspace/snapshot/helper.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "userspace/base/deadline.h"
#include "userspace/base/file.h"
#include "userspace/base/status_util.h"
#include "userspace/snapshot/bare_process.h"
#include "userspace/snapshot/child.h"
#include "userspace/snapshot/fd_passing.h"
#include "userspace/snapshot/sandbox.h"
#include "userspace/snapshot/wire.h"

namespace nsobs {
namespace {

constexpr size_t kMaxStuck = 2;
constexpr int kDeathMs = 200;  // a killed process that isn't gone by then hangs in the kernel
constexpr int kSocket = kOnlySocket;

struct Stuck {
  pid_t pid;
  ProcessKey target;
};

// By the kernel's function that it sleeps in (/proc/PID/wchan). Whoever takes a namespace with many
// devices apart holds that lock for seconds: br_multicast_dev_del() waits for RCU under it.
bool AwaitsNetworks(pid_t pid) {
  const std::string where = ReadSmallFile(absl::StrCat("/proc/", pid, "/wchan"), 256).value_or("");
  return absl::StrContains(where, "rtnl") || absl::StrContains(where, "rtnetlink");
}

class Helper {
 public:
  Helper(SyscallFilter filter, const HelperOptions& options)
      : filter_(std::move(filter)), options_(options) {}

  void Serve() {
    while (true) {
      absl::StatusOr<PassedMessage> message = ReceiveMessage(kSocket, kMaxRequestBytes);
      if (!message.ok()) return;  // the observer is gone
      absl::StatusOr<WireRequest> request = DecodeRequest(message->bytes);
      const size_t fds = 1 + (request.ok() && request->has_net_fd ? 1 : 0);
      if (!request.ok() || message->fds.size() != fds) return;  // not the observer's words
      Answer(std::move(*request), std::move(message->fds));
    }
  }

 private:
  void Answer(WireRequest request, std::vector<UniqueFd> fds) {
    WireReply reply{.serial = request.serial};
    Reap();
    if (stuck_.size() >= kMaxStuck || HangsAt(request.request.target)) {
      reply.outcome = Outcome::kRefused;
    } else {
      Watch(std::move(request), std::move(fds), &reply);
    }
    reply.stuck = static_cast<uint32_t>(stuck_.size());
    send(kSocket, &reply, sizeof reply, MSG_NOSIGNAL);
  }

  bool HangsAt(const ProcessKey& target) const {
    return std::any_of(stuck_.begin(), stuck_.end(),
                       [&](const Stuck& stuck) { return stuck.target == target; });
  }

  void Reap() {
    std::erase_if(stuck_, [](const Stuck& s) { return waitpid(s.pid, nullptr, WNOHANG) != 0; });
  }

  void Watch(WireRequest request, std::vector<UniqueFd> fds, WireReply* reply) {
    const absl::Duration allowed =
        std::clamp(request.request.deadline, absl::Milliseconds(10), absl::Seconds(30));
    const absl::Time deadline = absl::Now() + allowed;
    const ProcessKey target = request.request.target;
    const pid_t helper = getpid();
    const pid_t pid = fork();
    if (pid == 0) BeTheChild(std::move(request), std::move(fds), deadline, helper);
    fds.clear();
    const UniqueFd handle(pid < 0 ? -1 : static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!handle.ok()) {
      *reply = {.serial = reply->serial, .outcome = Outcome::kFailed, .detail = errno};
      if (pid > 0) End(pid);
      return;
    }
    // The pidfd's clock doesn't jump, as that of absl::Now() may.
    const bool ended = Wait(handle.get(), static_cast<int>(absl::ToInt64Milliseconds(allowed)) + 1);
    if (!ended) {
      kill(pid, SIGKILL);
      reply->outcome = Outcome::kKilled;
      if (!Wait(handle.get(), kDeathMs)) {
        reply->outcome = Outcome::kStuck;
        reply->awaits_networks = AwaitsNetworks(pid);
        stuck_.push_back({pid, target});
        return;
      }
    }
    int status = 0;
    waitpid(pid, &status, 0);
    reply->detail = status;
    if (ended && (!WIFEXITED(status) || WEXITSTATUS(status) > 1)) reply->outcome = Outcome::kDied;
  }

  static void End(pid_t pid) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }

  // False on time-out. The observer's death ends the child and us by PDEATHSIG.
  static bool Wait(int pidfd, int timeout_ms) {
    const Deadline end = Deadline::In(absl::Milliseconds(timeout_ms));
    pollfd poll_fd = {.fd = pidfd, .events = POLLIN, .revents = 0};
    while (true) {
      const int left = static_cast<int>(absl::ToInt64Milliseconds(end.left()));
      const int result = poll(&poll_fd, 1, std::clamp(left, 0, timeout_ms));
      if (result != 0 && !(result < 0 && errno == EINTR)) return result > 0;
      if (result == 0) return false;
    }
  }

  [[noreturn]] void BeTheChild(WireRequest request, std::vector<UniqueFd> fds, absl::Time deadline,
                               pid_t helper) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != helper) _exit(2);
    close(kSocket);
    prctl(PR_SET_NAME, "nsobs-look");
    if (options_.before_child) options_.before_child();
    ChildTask task;
    task.request = std::move(request.request);
    task.out = std::move(fds[0]);
    if (fds.size() > 1) task.net_fd = std::move(fds[1]);
    // The readers stop by themselves before they would be stopped, and say what is missing.
    task.deadline = deadline - (deadline - absl::Now()) / 5;
    task.helper_pid = static_cast<uint32_t>(helper);
    _exit(RunChild(std::move(task), filter_));
  }

  SyscallFilter filter_;
  const HelperOptions& options_;
  std::vector<Stuck> stuck_;
};

}  // namespace

void RunHelper(UniqueFd socket, const HelperOptions& options) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, "nsobs-snapshot");
  LeaveSignalsToTheObserver();
  KeepOnly(std::move(socket));
  // In the order of need: the filter's page must be there before any child.
  absl::StatusOr<SyscallFilter> filter = SyscallFilter::Build();
  absl::Status status = filter.status();
  if (status.ok()) status = DropPrivileges();
  const WireReply hello = {.outcome = status.ok() ? Outcome::kDone : Outcome::kFailed};
  send(kSocket, &hello, sizeof hello, MSG_NOSIGNAL);
  if (!status.ok()) _exit(1);
  Helper(std::move(*filter), options).Serve();
  _exit(0);
}

}  // namespace nsobs
