#include "userspace/snapshot/snapshotter.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "userspace/base/mutex.h"
#include "userspace/base/status_util.h"
#include "userspace/snapshot/fd_passing.h"
#include "userspace/snapshot/frames.h"
#include "userspace/snapshot/start_helper.h"
#include "userspace/snapshot/wire.h"
#include "userspace/snapshot/zygote.h"

namespace nsobs {
namespace {

// Far beyond what a child writes: more is not ours.
constexpr size_t kMaxBytes = 32 << 20;
// What the helper needs on top of a child's time, on a busy host.
constexpr absl::Duration kHelperSlack = absl::Seconds(3);
constexpr absl::Duration kRestartPause = absl::Seconds(1);

struct Conversation {
  std::string bytes;  // of the child
  WireReply reply;
  bool replied = false;
};

class HelperSnapshotter : public Snapshotter {
 public:
  explicit HelperSnapshotter(Zygote zygote) : zygote_(std::move(zygote)) {}

  // The first helper: what keeps it from beginning is told at once.
  absl::Status Begin() {
    const MutexLock lock(&mutex_);
    return ForkHelper();
  }

  absl::StatusOr<SectionJson> Take(const SnapshotRequest& request) override {
    const MutexLock lock(&mutex_);
    NSOBS_RETURN_IF_ERROR(EnsureHelper());
    const absl::Time begin = absl::Now();
    NSOBS_ASSIGN_OR_RETURN(Conversation talk, Talk(request));
    Gathered gathered = GatherFrames(talk.bytes);
    NSOBS_RETURN_IF_ERROR(Judge(talk.reply, gathered));
    SectionJson record = std::move(gathered.record);
    FitRecord(request.max_bytes, &record);
    record["took_ns"] = absl::ToInt64Nanoseconds(absl::Now() - begin);
    return record;
  }

  int helper_pid() const override { return helper_; }
  int zygote_pid() const override { return zygote_.pid(); }
  uint64_t helper_restarts() const override { return restarts_; }

 private:
  absl::Status ForkHelper() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status EnsureHelper() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Conversation> Talk(const SnapshotRequest& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Listen(int pipe, absl::Time until, Conversation* talk);
  bool TakeReply(Conversation* talk);
  static absl::Status Judge(const WireReply& reply, Gathered& gathered);

  Mutex mutex_;
  Zygote zygote_;
  std::atomic<int> helper_{0};
  std::atomic<uint64_t> restarts_{0};
  UniqueFd socket_;  // not ok: there is no helper
  absl::Time forked_ = absl::InfinitePast();
  uint64_t serial_ ABSL_GUARDED_BY(mutex_) = 0;
};

absl::Status HelperSnapshotter::ForkHelper() {
  forked_ = absl::Now();
  socket_.reset();
  helper_ = 0;
  NSOBS_ASSIGN_OR_RETURN(Zygote::Helper helper, zygote_.Fork());
  helper_ = helper.pid;
  socket_ = std::move(helper.socket);
  return absl::OkStatus();
}

absl::Status HelperSnapshotter::EnsureHelper() {
  if (socket_.ok()) {
    pollfd poll_fd = {.fd = socket_.get(), .events = 0, .revents = 0};
    if (poll(&poll_fd, 1, 0) == 0) return absl::OkStatus();
    socket_.reset();  // it hung up
  }
  // Not faster: one that dies of each request would otherwise be all that this host does.
  if (absl::Now() - forked_ < kRestartPause)
    return absl::UnavailableError("the snapshot helper has just ended");
  NSOBS_RETURN_IF_ERROR(ForkHelper());
  ++restarts_;
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
    status = Listen(read_end.get(), absl::Now() + request.deadline + kHelperSlack, &talk);
  if (!status.ok()) {
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
absl::Status HelperSnapshotter::Listen(int pipe, absl::Time until, Conversation* talk) {
  std::string buffer(64 << 10, '\0');
  bool pipe_open = true;
  while (true) {
    pollfd fds[] = {{.fd = socket_.get(), .events = POLLIN, .revents = 0},
                    {.fd = pipe_open ? pipe : -1, .events = POLLIN, .revents = 0}};
    const int64_t left = absl::ToInt64Milliseconds(until - absl::Now());
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
      return absl::StrCat("hangs in the kernel (", reply.stuck, " do)");
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
    return absl::UnavailableError(absl::StrCat(
        reply.stuck, " snapshots hang in the kernel, on a filesystem that doesn't answer"));
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

absl::StatusOr<std::unique_ptr<Snapshotter>> StartSnapshotter(const HelperOptions& options) {
  NSOBS_ASSIGN_OR_RETURN(Zygote zygote, Zygote::Start(options));
  auto snapshotter = std::make_unique<HelperSnapshotter>(std::move(zygote));
  NSOBS_RETURN_IF_ERROR(snapshotter->Begin());
  return snapshotter;
}

absl::StatusOr<std::unique_ptr<Snapshotter>> Snapshotter::Start() { return StartSnapshotter({}); }

}  // namespace nsobs
