#include "userspace/snapshot/snapshotter.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "userspace/base/deadline.h"
#include "userspace/base/log.h"
#include "userspace/base/mutex.h"
#include "userspace/base/self_spawn.h"
#include "userspace/base/status_util.h"
#include "userspace/snapshot/fd_passing.h"
#include "userspace/snapshot/frames.h"
#include "userspace/snapshot/start_helper.h"
#include "userspace/snapshot/wire.h"
#include "userspace/snapshot/zygote.h"

namespace nsobs {
namespace {

constexpr char kHelperName[] = "snapshot";
constexpr char kZygoteName[] = "zygote";
// Far beyond what a child writes: more is not ours.
constexpr size_t kMaxBytes = 32 << 20;
// What the helper needs on top of a child's time, on a busy host.
constexpr absl::Duration kHelperSlack = absl::Seconds(3);
// Not faster: one that dies of each request would otherwise be all that this host does. After a
// start that failed twice as long, and so on.
constexpr absl::Duration kRestartPause = absl::Seconds(1);
constexpr absl::Duration kLongestPause = absl::Minutes(1);
// From its closed socket to its end.
constexpr absl::Duration kDying = absl::Seconds(1);

absl::Duration Steady() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

struct Conversation {
  std::string bytes;  // of the child
  WireReply reply;
  bool replied = false;
};

class HelperSnapshotter : public Snapshotter {
 public:
  HelperSnapshotter(Zygote zygote, SnapshotterOptions options)
      : options_(std::move(options)), zygote_(std::move(zygote)), zygote_pid_(zygote_->pid()) {}

  // The first helper: what keeps it from beginning is told at once.
  absl::Status Begin() {
    const MutexLock lock(&mutex_);
    return ForkHelper();
  }

  absl::StatusOr<SectionJson> Take(const SnapshotRequest& request) override {
    const MutexLock lock(&mutex_);
    NSOBS_RETURN_IF_ERROR(Ensure());
    const absl::Time begin = absl::Now();
    NSOBS_ASSIGN_OR_RETURN(Conversation talk, Talk(request));
    Gathered gathered = GatherFrames(talk.bytes);
    NSOBS_RETURN_IF_ERROR(Judge(talk.reply, gathered));
    SectionJson record = std::move(gathered.record);
    FitRecord(request.max_bytes, &record);
    record["took_ns"] = absl::ToInt64Nanoseconds(absl::Now() - begin);
    return record;
  }

  absl::Status Mend() override {
    const MutexLock lock(&mutex_);
    return Ensure();
  }

  int helper_pid() const override { return helper_; }
  int zygote_pid() const override { return zygote_pid_; }
  uint64_t helper_restarts() const override { return restarts_; }

 private:
  absl::Status ForkHelper() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Ensure() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoticeEnds() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status RenewZygote() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Notice(const char* process, const char* reason, std::string text)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsMissing(const char* process) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TellHowItEnded(int wait_status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Conversation> Talk(const SnapshotRequest& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Listen(int pipe, Deadline until, Conversation* talk);
  bool TakeReply(Conversation* talk);
  static absl::Status Judge(const WireReply& reply, Gathered& gathered);

  // What has ended and has no successor yet.
  struct Missing {
    HelperEnd end;
    absl::Duration since;
  };

  const SnapshotterOptions options_;
  Mutex mutex_;
  std::optional<Zygote> zygote_;  // nullopt: none could be started
  std::atomic<int> zygote_pid_;
  std::atomic<int> helper_{0};
  std::atomic<uint64_t> restarts_{0};
  UniqueFd socket_;    // not ok: there is no helper
  bool hung_ = false;  // the one that socket_ led to
  std::vector<Missing> missing_ ABSL_GUARDED_BY(mutex_);
  absl::Duration tried_;  // the last time a process was started
  absl::Duration pause_ = kRestartPause;
  uint64_t serial_ ABSL_GUARDED_BY(mutex_) = 0;
};

absl::Status HelperSnapshotter::ForkHelper() {
  tried_ = Steady();
  socket_.reset();
  helper_ = 0;
  NSOBS_ASSIGN_OR_RETURN(Zygote::Helper helper, zygote_->Fork());
  if (helper.before) TellHowItEnded(*helper.before);
  helper_ = helper.pid;
  socket_ = std::move(helper.socket);
  hung_ = false;
  return absl::OkStatus();
}

absl::Status HelperSnapshotter::RenewZygote() {
  tried_ = Steady();
  zygote_pid_ = 0;
  zygote_.reset();  // waits for it, if it hangs
  NSOBS_ASSIGN_OR_RETURN(Zygote zygote, Zygote::StartAnew());
  zygote_.emplace(std::move(zygote));
  zygote_pid_ = zygote_->pid();
  options_.zygote_begins(zygote_pid_);
  return absl::OkStatus();
}

bool HelperSnapshotter::IsMissing(const char* process) const {
  return std::any_of(missing_.begin(), missing_.end(),
                     [&](const Missing& m) { return m.end.process == process; });
}

void HelperSnapshotter::Notice(const char* process, const char* reason, std::string text) {
  missing_.push_back({HelperEnd{process, reason, std::move(text)}, Steady()});
}

// The helper's parent is the zygote, which knows only when it is asked for another one.
void HelperSnapshotter::TellHowItEnded(int wait_status) {
  for (Missing& m : missing_) {
    if (m.end.process != kHelperName || m.end.reason == "hung") continue;
    const bool killed = WIFSIGNALED(wait_status);
    m.end.reason = killed ? "killed" : "exited";
    m.end.text = killed ? absl::StrCat("killed by signal ", WTERMSIG(wait_status))
                        : absl::StrCat("exit code ", WEXITSTATUS(wait_status));
  }
}

// First the zygote: a helper ends with it, after its socket was closed, and that is one end.
void HelperSnapshotter::NoticeEnds() {
  if (IsMissing(kZygoteName)) return;
  const auto hung_up = [](const UniqueFd& fd) {
    pollfd poll_fd = {.fd = fd.get(), .events = 0, .revents = 0};
    return !fd.ok() || poll(&poll_fd, 1, 0) != 0;
  };
  const bool helper_gone = hung_up(socket_);
  if (zygote_->IsGone()) {
    ChildEnd end = EndOfChild(zygote_->pid());
    for (const Deadline dying = Deadline::In(kDying);
         !end.ended && dying.left() > absl::ZeroDuration(); end = EndOfChild(zygote_->pid())) {
      usleep(1000);
    }
    Notice(kZygoteName,
           !end.ended   ? "hung"
           : end.killed ? "killed"
                        : "exited",
           end.ended ? end.text : "does not answer");
    socket_.reset();
  } else if (helper_gone && !IsMissing(kHelperName)) {
    socket_.reset();
    Notice(kHelperName, hung_ ? "hung" : "exited", hung_ ? "gave no answer" : "ended");
  }
}

absl::Status HelperSnapshotter::Ensure() {
  NoticeEnds();
  if (missing_.empty()) return absl::OkStatus();
  if (IsMissing(kZygoteName) && !options_.replace_zygote)
    return absl::UnavailableError("the process that forks snapshot helpers is gone");
  if (Steady() - tried_ < pause_)
    return absl::UnavailableError("the snapshot helper has just ended");
  absl::Status status = IsMissing(kZygoteName) ? RenewZygote() : absl::OkStatus();
  if (status.ok()) status = ForkHelper();
  pause_ = status.ok() ? kRestartPause : std::min(2 * pause_, kLongestPause);
  if (!status.ok()) {
    spdlog::error("snapshots: {}", std::string(status.message()));
    return status;
  }
  ++restarts_;
  for (Missing& m : missing_) {
    m.end.away = Steady() - m.since;
    options_.replaced(m.end);
  }
  missing_.clear();
  return absl::OkStatus();
}

absl::StatusOr<Conversation> HelperSnapshotter::Talk(const SnapshotRequest& request) {
  WireRequest wire{.serial = ++serial_, .has_net_fd = request.net_fd >= 0, .request = request};
  NSOBS_ASSIGN_OR_RETURN(const std::string message, EncodeRequest(wire));
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe");
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
  std::vector<int> fds = {write_end.get()};
  if (wire.has_net_fd) fds.push_back(request.net_fd);
  absl::Status status = SendMessage(socket_.get(), message, fds);
  write_end.reset();
  Conversation talk;
  talk.reply.serial = serial_;
  if (status.ok())
    status = Listen(read_end.get(), Deadline::In(request.deadline + kHelperSlack), &talk);
  if (!status.ok()) {
    hung_ = absl::IsDeadlineExceeded(status);
    socket_.reset();  // what comes later could not be told from an answer to the next request
    return absl::UnavailableError(
        absl::StrCat("the snapshot helper is gone: ", std::string(status.message())));
  }
  return talk;
}

// True: this is the answer.
bool HelperSnapshotter::TakeReply(Conversation* talk) {
  WireReply reply;
  const ssize_t size = recv(socket_.get(), &reply, sizeof reply, MSG_DONTWAIT);
  if (size != sizeof reply || reply.serial != talk->reply.serial) return false;
  talk->reply = reply;
  return true;
}

// Until the helper says how the child ended, and the pipe is empty: it may never be closed, for a
// child that hangs in the kernel holds it open.
absl::Status HelperSnapshotter::Listen(int pipe, Deadline until, Conversation* talk) {
  std::string buffer(64 << 10, '\0');
  bool pipe_open = true;
  while (true) {
    pollfd fds[] = {{.fd = socket_.get(), .events = POLLIN, .revents = 0},
                    {.fd = pipe_open ? pipe : -1, .events = POLLIN, .revents = 0}};
    const int64_t left = absl::ToInt64Milliseconds(until.left());
    if (left <= 0) return absl::DeadlineExceededError("no answer");
    if (poll(fds, 2, talk->replied ? 0 : static_cast<int>(left)) < 0 && errno != EINTR)
      return ErrnoStatus(errno, "poll");
    if (fds[1].revents != 0) {
      const ssize_t size = read(pipe, buffer.data(), buffer.size());
      if (size > 0) talk->bytes.append(buffer.data(), static_cast<size_t>(size));
      if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) pipe_open = false;
      if (talk->bytes.size() > kMaxBytes) return absl::DataLossError("it writes without end");
      continue;
    }
    if (talk->replied) return absl::OkStatus();
    if (fds[0].revents != 0) {
      talk->replied = TakeReply(talk);
      if (!talk->replied && (fds[0].revents & (POLLHUP | POLLERR)) != 0)
        return absl::UnavailableError("it ended");
    }
  }
}

std::string Ending(const WireReply& reply) {
  switch (reply.outcome) {
    case Outcome::kKilled:
      return "ended at the deadline";
    case Outcome::kStuck:
      return absl::StrCat("hangs in the kernel (", reply.stuck, " do)",
                          reply.awaits_networks
                              ? ": somebody holds the lock of all network namespaces (RTNL)"
                              : "");
    case Outcome::kDied:
      return WIFSIGNALED(reply.detail)
                 ? absl::StrCat("was ended by ", SignalName(WTERMSIG(reply.detail)))
                 : absl::StrCat("ended early with code ", WEXITSTATUS(reply.detail));
    default:
      return "ended";
  }
}

// An error if nothing was learnt; else what is missing stands in the record.
absl::Status HelperSnapshotter::Judge(const WireReply& reply, Gathered& gathered) {
  if (reply.outcome == Outcome::kRefused)
    return absl::UnavailableError(
        absl::StrCat(reply.stuck,
                     " snapshots hang in the kernel: on a filesystem that does not answer, or on "
                     "the lock of all network namespaces"));
  if (reply.outcome == Outcome::kFailed) return ErrnoStatus(reply.detail, "fork of a snapshot");
  if (!gathered.status.ok()) return gathered.status;
  if (gathered.complete) return absl::OkStatus();
  const std::string ending = absl::StrCat("the snapshot's process ", Ending(reply));
  if (gathered.last.empty()) {
    const bool late = reply.outcome == Outcome::kKilled || reply.outcome == Outcome::kStuck;
    return late ? absl::DeadlineExceededError(ending) : absl::InternalError(ending);
  }
  gathered.record["errors"].push_back(
      {{"section", gathered.last},
       {"what", absl::StrCat(ending, "; the last that it gave was of ", gathered.last)}});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Snapshotter>> StartSnapshotter(const HelperOptions& options,
                                                              SnapshotterOptions more) {
  NSOBS_ASSIGN_OR_RETURN(Zygote zygote, Zygote::Start(options));
  auto snapshotter = std::make_unique<HelperSnapshotter>(std::move(zygote), std::move(more));
  NSOBS_RETURN_IF_ERROR(snapshotter->Begin());
  return snapshotter;
}

absl::StatusOr<std::unique_ptr<Snapshotter>> Snapshotter::Start(SnapshotterOptions options) {
  return StartSnapshotter({}, std::move(options));
}

}  // namespace nsobs
