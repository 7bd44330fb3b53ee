#include "userspace/snapshot/zygote.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "userspace/base/self_spawn.h"
#include "userspace/base/status_util.h"
#include "userspace/snapshot/bare_process.h"
#include "userspace/snapshot/fd_passing.h"
#include "userspace/snapshot/sandbox.h"
#include "userspace/snapshot/wire.h"

namespace nsobs {
namespace {

constexpr int kAnswerMs = 5000;
constexpr int kEndMs = 2000;
constexpr int kDyingMs = 50;
constexpr std::string_view kForkPlease = "F";

struct ForkReply {
  int32_t pid = 0;           // 0: failed
  int32_t error = 0;         // an errno
  int32_t before_ended = 0;  // 1: the helper before had ended by itself, with
  int32_t before = 0;        // this wait status
};

// Two ends of a SOCK_SEQPACKET connection.
absl::Status MakePair(UniqueFd* ours, UniqueFd* theirs) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return ErrnoStatus(errno, "socketpair");
  *ours = UniqueFd(ends[0]);
  *theirs = UniqueFd(ends[1]);
  return absl::OkStatus();
}

void Kill(pid_t helper) {
  if (helper <= 0) return;
  kill(helper, SIGKILL);  // its child goes with it
  waitpid(helper, nullptr, 0);
}

// How it had ended; nullopt: we ended it, or there was none.
std::optional<int> End(pid_t helper) {
  int status = 0;
  // Its socket is closed a moment before it can be waited for.
  for (int waited_ms = 0; helper > 0 && waited_ms < kDyingMs; ++waited_ms) {
    if (waitpid(helper, &status, WNOHANG) == helper) return status;
    usleep(1000);
  }
  Kill(helper);
  return std::nullopt;
}

// The parent's end goes to the observer.
ForkReply ForkHelper(const HelperOptions& options, pid_t* helper, UniqueFd* for_observer) {
  UniqueFd theirs;
  if (!MakePair(for_observer, &theirs).ok()) return {0, errno};
  const pid_t zygote = getpid();
  const pid_t pid = fork();
  if (pid < 0) return {0, errno};
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != zygote) _exit(2);
    for_observer->reset();
    RunHelper(std::move(theirs), options);
  }
  *helper = pid;
  return {static_cast<int32_t>(pid), 0};
}

[[noreturn]] void RunZygote(UniqueFd socket, const HelperOptions& options) {
  prctl(PR_SET_NAME, "nsobs-zygote");
  LeaveSignalsToTheObserver();
  KeepOnly(std::move(socket));
  // What a helper may do is all that it needs itself.
  if (!DropPrivileges().ok()) _exit(1);
  pid_t helper = 0;
  while (true) {
    absl::StatusOr<PassedMessage> message = ReceiveMessage(kOnlySocket, kForkPlease.size());
    const bool asked = message.ok() && message->bytes == kForkPlease;
    if (!asked) {  // the observer is gone
      Kill(helper);
      _exit(0);
    }
    const std::optional<int> before = End(std::exchange(helper, 0));
    UniqueFd for_observer;
    ForkReply reply = ForkHelper(options, &helper, &for_observer);
    reply.before_ended = before.has_value();
    reply.before = before.value_or(0);
    const std::string_view bytes(reinterpret_cast<const char*>(&reply), sizeof reply);
    std::vector<int> fds;
    if (reply.pid != 0) fds.push_back(for_observer.get());
    if (!SendMessage(kOnlySocket, bytes, fds).ok()) _exit(0);
  }
}

bool WaitToRead(int socket) {
  pollfd poll_fd = {.fd = socket, .events = POLLIN, .revents = 0};
  return poll(&poll_fd, 1, kAnswerMs) == 1;
}

absl::Status WaitForHello(int socket) {
  WireReply hello;
  if (!WaitToRead(socket) || recv(socket, &hello, sizeof hello, MSG_DONTWAIT) != sizeof hello)
    return absl::UnavailableError("the snapshot helper did not begin");
  if (hello.outcome != Outcome::kDone)
    return absl::FailedPreconditionError(
        "the snapshot helper could not give up its privileges, so it did not begin");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Zygote> Zygote::Start(const HelperOptions& options) {
  UniqueFd ours, theirs;
  NSOBS_RETURN_IF_ERROR(MakePair(&ours, &theirs));
  const pid_t observer = getpid();
  const pid_t pid = fork();
  if (pid < 0) return ErrnoStatus(errno, "fork");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != observer) _exit(2);
    ours.reset();
    RunZygote(std::move(theirs), options);
  }
  return Zygote(pid, std::move(ours));
}

absl::StatusOr<Zygote> Zygote::StartAnew() {
  UniqueFd ours, theirs;
  NSOBS_RETURN_IF_ERROR(MakePair(&ours, &theirs));
  UniqueFd high(fcntl(theirs.get(), F_DUPFD_CLOEXEC, kOnlySocket + 1));
  if (!high.ok()) return ErrnoStatus(errno, "socketpair");
  theirs.reset();
  NSOBS_ASSIGN_OR_RETURN(const pid_t pid, SpawnSelf({kZygoteCommand, absl::StrCat(getpid())},
                                                    {{high.get(), kOnlySocket}}));
  return Zygote(pid, std::move(ours));
}

bool Zygote::IsGone() const {
  if (!socket_.ok()) return true;
  pollfd poll_fd = {.fd = socket_.get(), .events = 0, .revents = 0};
  return poll(&poll_fd, 1, 0) != 0;
}

Zygote::Zygote(Zygote&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), socket_(std::move(other.socket_)) {}

Zygote::~Zygote() {
  if (pid_ <= 0) return;
  socket_.reset();
  for (int waited_ms = 0; waited_ms < kEndMs; waited_ms += 5) {
    if (waitpid(pid_, nullptr, WNOHANG) != 0) return;
    usleep(5000);
  }
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

absl::StatusOr<Zygote::Helper> Zygote::Fork() {
  if (absl::Status status = SendMessage(socket_.get(), kForkPlease, {}); !status.ok())
    return absl::UnavailableError("the process that forks snapshot helpers is gone");
  if (!WaitToRead(socket_.get())) {
    socket_.reset();  // what came later would be taken for the next answer
    return absl::UnavailableError("the process that forks snapshot helpers does not answer");
  }
  absl::StatusOr<PassedMessage> message = ReceiveMessage(socket_.get(), sizeof(ForkReply));
  ForkReply reply;
  if (!message.ok() || message->bytes.size() != sizeof reply)
    return absl::UnavailableError("the process that forks snapshot helpers is gone");
  memcpy(&reply, message->bytes.data(), sizeof reply);
  if (reply.pid <= 0 || message->fds.size() != 1)
    return ErrnoStatus(reply.error, "forking a snapshot helper");
  Helper helper{reply.pid, std::move(message->fds[0]),
                reply.before_ended != 0 ? std::optional<int>(reply.before) : std::nullopt};
  NSOBS_RETURN_IF_ERROR(WaitForHello(helper.socket.get()));
  return helper;
}

int RunZygoteCommand(const std::vector<std::string>& words) {
  int observer = 0;
  struct stat st{};
  if (words.size() != 2 || !absl::SimpleAtoi(words[1], &observer) || fstat(kOnlySocket, &st) != 0 ||
      !S_ISSOCK(st.st_mode)) {
    std::cerr << "nsobserver: " << kZygoteCommand << " is started by `nsobserver run` alone\n";
    return 1;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != observer) return 2;
  RunZygote(UniqueFd(kOnlySocket), {});
}

}  // namespace nsobs
