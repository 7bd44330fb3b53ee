#include "exporters/web/front_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "exporters/web/front_frames.h"
#include "userspace/base/log.h"
#include "userspace/base/self_spawn.h"
#include "userspace/base/seqpacket.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr int kLookEveryMs = 1000;  // at the configuration, and after a failed start
// A front that takes no answers is a front no more; nor is one that gives no sign of life for so
// many looks. Looks are counted, not time, so that whoever was frozen or slept together with the
// front isn't taken in by the clock. One that begins has files to read yet.
constexpr absl::Duration kTakenWithin = absl::Seconds(5);
constexpr int kLooksWithoutSign = 5;
constexpr int kLooksAtStart = 30;
// Above what the front finds, so that no copy hits one that is still to be copied.
constexpr int kOutOfTheWay = kFrontFirstChannel + static_cast<int>(kFrontChannels) + 1;

absl::Duration Steady() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

struct Pair {
  UniqueFd ours, theirs;
};

absl::StatusOr<Pair> MakePair() {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0) {
    return ErrnoStatus(errno, "socketpair");
  }
  Pair pair{UniqueFd(fds[0]), UniqueFd(fcntl(fds[1], F_DUPFD_CLOEXEC, kOutOfTheWay))};
  close(fds[1]);
  if (!pair.theirs.ok()) return ErrnoStatus(errno, "socketpair");
  return pair;
}

}  // namespace

FrontKeeper::FrontKeeper(const FrontOptions& options, UniqueFd listening, UniqueFd wake,
                         WebSecurity* security, FrontHandlers handlers)
    : options_(options),
      listening_(std::move(listening)),
      wake_(std::move(wake)),
      security_(security),
      handlers_(std::move(handlers)) {}

absl::StatusOr<std::unique_ptr<FrontKeeper>> FrontKeeper::Start(const FrontOptions& options,
                                                                UniqueFd listening,
                                                                WebSecurity* security,
                                                                FrontHandlers handlers) {
  UniqueFd high(fcntl(listening.get(), F_DUPFD_CLOEXEC, kOutOfTheWay));
  UniqueFd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!high.ok() || !wake.ok()) return ErrnoStatus(errno, "the web front");
  std::unique_ptr<FrontKeeper> keeper(
      new FrontKeeper(options, std::move(high), std::move(wake), security, std::move(handlers)));
  NSOBS_ASSIGN_OR_RETURN(keeper->life_, keeper->Begin());
  keeper->thread_ = std::thread(&FrontKeeper::Run, keeper.get());
  return keeper;
}

FrontKeeper::~FrontKeeper() { Stop(); }

void FrontKeeper::Stop() {
  stop_ = true;
  eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) thread_.join();
}

absl::StatusOr<pid_t> FrontKeeper::Spawn(int control, const std::vector<UniqueFd>& channels) const {
  std::vector<GivenFd> given = {{listening_.get(), kFrontListening}, {control, kFrontControl}};
  for (size_t i = 0; i < channels.size(); ++i) {
    given.push_back({channels[i].get(), kFrontFirstChannel + static_cast<int>(i)});
  }
  return SpawnSelf(FrontWords(options_), given);
}

absl::StatusOr<std::unique_ptr<FrontKeeper::Life>> FrontKeeper::Begin() {
  auto life = std::make_unique<Life>();
  life->stamp = security_->Current()->stamp;
  NSOBS_ASSIGN_OR_RETURN(Pair control, MakePair());
  std::vector<UniqueFd> theirs;
  for (size_t i = 0; i < kFrontChannels; ++i) {
    NSOBS_ASSIGN_OR_RETURN(Pair channel, MakePair());
    life->channels.push_back(std::move(channel.ours));
    theirs.push_back(std::move(channel.theirs));
  }
  NSOBS_ASSIGN_OR_RETURN(life->pid, Spawn(control.theirs.get(), theirs));
  life->control = std::move(control.ours);
  life->pidfd = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, life->pid, 0)));
  for (const UniqueFd& channel : life->channels) {
    life->threads.emplace_back(&FrontKeeper::Answer, this, life.get(), channel.get());
  }
  return life;
}

// One request after the other, until the front has gone, takes no answer, or says what no front
// would.
void FrontKeeper::Answer(Life* life, int channel) {
  while (true) {
    const absl::StatusOr<std::string> bytes =
        ReceiveMessage(channel, kMaxFrontRequestBytes, Deadline::Never());
    if (absl::IsUnavailable(bytes.status())) break;
    const std::optional<FrontRequest> request =
        bytes.ok() ? DecodeFrontRequest(*bytes) : std::nullopt;
    if (!request) {
      Give(life, Verdict::kMisbehaved);
      break;
    }
    const std::string answer = handlers_.answer(request->head, request->last);
    const absl::Status sent = SendMessage(channel, answer, Deadline::In(kTakenWithin));
    if (absl::IsDeadlineExceeded(sent)) Give(life, Verdict::kTakesNothing);
    if (!sent.ok()) break;
  }
  shutdown(channel, SHUT_RDWR);  // the front ends when it finds a channel closed
}

// The first counts.
void FrontKeeper::Give(Life* life, Verdict verdict) {
  Verdict none = Verdict::kNone;
  life->verdict.compare_exchange_strong(none, verdict);
  eventfd_write(wake_.get(), 1);
}

void FrontKeeper::End(Life* life) {
  life->control.reset();
  for (const UniqueFd& channel : life->channels) shutdown(channel.get(), SHUT_RDWR);
  kill(life->pid, SIGKILL);  // it is our child and has not been waited for: the pid is its own
  for (std::thread& thread : life->threads) thread.join();
  while (waitpid(life->pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

// Takes its signs of life and, if a whole look's time has passed, asks for another. False: too many
// were asked for in vain.
bool FrontKeeper::IsAwake(Life* life, bool whole_look) {
  char sign;
  while (recv(life->control.get(), &sign, 1, MSG_DONTWAIT) == 1) {
    life->signs_missing = 0;
    life->has_begun = true;
  }
  if (!whole_look) return true;
  if (life->signs_missing >= (life->has_begun ? kLooksWithoutSign : kLooksAtStart)) return false;
  ++life->signs_missing;
  sign = '?';
  send(life->control.get(), &sign, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  return true;
}

// Why this front has to be replaced; nullopt: it hasn't.
std::optional<HelperEnd> FrontKeeper::Judge(Life* life, bool whole_look) {
  const absl::Duration looks = absl::Milliseconds(kLookEveryMs) * life->signs_missing;
  const ChildEnd end = EndOfChild(life->pid);
  if (end.ended) return HelperEnd{"web", end.killed ? "killed" : "exited", end.text};
  switch (life->verdict) {
    case Verdict::kTakesNothing:
      return HelperEnd{"web", "hung", "took no answer for 5 s", kTakenWithin};
    case Verdict::kMisbehaved:
      return HelperEnd{"web", "misbehaved", "said what no front would say"};
    case Verdict::kNone:
      break;
  }
  if (IsAwake(life, whole_look)) return std::nullopt;
  return HelperEnd{"web", "hung", absl::StrCat("no sign of life for ", absl::FormatDuration(looks)),
                   looks};
}

// `end`: why another is needed; nullopt: the configuration has changed, and the old one serves
// until the new one can.
void FrontKeeper::Renew(std::optional<HelperEnd> end) {
  if (end) {
    spdlog::error("web: the process that listens ended ({}); another one is started", end->text);
    End(life_.get());
    life_.reset();
    missing_ = *std::move(end);
  }
  absl::StatusOr<std::unique_ptr<Life>> next = Begin();
  if (!next.ok()) {
    spdlog::error("web: {}", std::string(next.status().message()));
    return;
  }
  if (life_ != nullptr) End(life_.get());
  life_ = *std::move(next);
  if (!missing_) return;
  missing_->away += Steady() - missing_since_;
  handlers_.replaced(*missing_);
  missing_.reset();
}

void FrontKeeper::Run() {
  absl::Duration begun = Steady();
  while (!stop_) {
    // Without pidfds (some container runtimes forbid them) it is found a second later.
    pollfd waiting[] = {{wake_.get(), POLLIN, 0},
                        {life_ == nullptr ? -1 : life_->pidfd.get(), POLLIN, 0}};
    const bool whole_look = poll(waiting, 2, kLookEveryMs) == 0;
    if (stop_) break;
    eventfd_t ignored;
    eventfd_read(wake_.get(), &ignored);
    std::optional<HelperEnd> end = life_ == nullptr ? std::nullopt : Judge(life_.get(), whole_look);
    const bool changed = life_ != nullptr && security_->Current()->stamp != life_->stamp;
    if (!end && !changed && life_ != nullptr) continue;
    if (end) missing_since_ = Steady();
    // One that ends as it begins is not started faster than this.
    const absl::Duration pause = absl::Milliseconds(kLookEveryMs) - (Steady() - begun);
    if (pause > absl::ZeroDuration() && end) absl::SleepFor(pause);
    begun = Steady();
    Renew(std::move(end));
  }
  if (life_ != nullptr) End(life_.get());
  life_.reset();
}

}  // namespace nsobs
