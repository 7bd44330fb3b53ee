#include "exporters/web/front_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "exporters/web/front_frames.h"
#include "userspace/base/log.h"
#include "userspace/base/seqpacket.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr const char* kSelf = "/proc/self/exe";  // also when the file has been replaced
constexpr int kLookEveryMs = 1000;               // at the configuration, and after a failed start
// A front that takes no answers is a front no more.
constexpr absl::Duration kTakenWithin = absl::Seconds(5);
// Above what the front finds, so that no copy hits one that is still to be copied.
constexpr int kOutOfTheWay = kFrontFirstChannel + static_cast<int>(kFrontChannels) + 1;

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

// How a child ended, "" while it runs. It stays to be waited for, so that its pid stays its own.
std::string EndOf(pid_t pid) {
  siginfo_t info{};
  const int options = WEXITED | WNOHANG | WNOWAIT;
  if (waitid(P_PID, static_cast<id_t>(pid), &info, options) != 0 || info.si_pid == 0) return "";
  return absl::StrCat(info.si_code == CLD_EXITED ? "exit code " : "killed by signal ",
                      info.si_status);
}

// What a process inherits: the descriptors of front.h, no blocked signal, default handlers.
class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  void Give(int fd, int as) { posix_spawn_file_actions_adddup2(&actions_, fd, as); }
  int Spawn(const std::vector<std::string>& words, pid_t* pid) const {
    std::vector<char*> arguments;
    arguments.push_back(const_cast<char*>("nsobserver"));
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    std::array<char*, 1> environment = {nullptr};
    return posix_spawn(pid, kSelf, &actions_, &attributes_, arguments.data(), environment.data());
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

}  // namespace

FrontKeeper::FrontKeeper(const FrontOptions& options, UniqueFd listening, UniqueFd wake,
                         WebSecurity* security, Answerer answerer)
    : options_(options),
      listening_(std::move(listening)),
      wake_(std::move(wake)),
      security_(security),
      answerer_(std::move(answerer)) {}

absl::StatusOr<std::unique_ptr<FrontKeeper>> FrontKeeper::Start(const FrontOptions& options,
                                                                UniqueFd listening,
                                                                WebSecurity* security,
                                                                Answerer answerer) {
  UniqueFd high(fcntl(listening.get(), F_DUPFD_CLOEXEC, kOutOfTheWay));
  UniqueFd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!high.ok() || !wake.ok()) return ErrnoStatus(errno, "the web front");
  std::unique_ptr<FrontKeeper> keeper(
      new FrontKeeper(options, std::move(high), std::move(wake), security, std::move(answerer)));
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
  SpawnPlan plan;
  plan.Give(listening_.get(), kFrontListening);
  plan.Give(control, kFrontControl);
  for (size_t i = 0; i < channels.size(); ++i) {
    plan.Give(channels[i].get(), kFrontFirstChannel + static_cast<int>(i));
  }
  pid_t pid = -1;
  const int error = plan.Spawn(FrontWords(options_), &pid);
  if (error != 0) return ErrnoStatus(error, "starting the web front");
  return pid;
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
    life->threads.emplace_back(&FrontKeeper::Answer, this, channel.get());
  }
  return life;
}

// One request after the other, until the front has gone, or says what no front would.
void FrontKeeper::Answer(int channel) {
  while (true) {
    const absl::StatusOr<std::string> bytes =
        ReceiveMessage(channel, kMaxFrontRequestBytes, absl::InfiniteFuture());
    const std::optional<FrontRequest> request =
        bytes.ok() ? DecodeFrontRequest(*bytes) : std::nullopt;
    if (!request) break;
    const std::string answer = answerer_(request->head, request->last);
    if (!SendMessage(channel, answer, absl::Now() + kTakenWithin).ok()) break;
  }
  shutdown(channel, SHUT_RDWR);  // the front ends when it finds a channel closed
}

void FrontKeeper::End(Life* life) {
  life->control.reset();
  for (const UniqueFd& channel : life->channels) shutdown(channel.get(), SHUT_RDWR);
  kill(life->pid, SIGKILL);  // it is our child and has not been waited for: the pid is its own
  for (std::thread& thread : life->threads) thread.join();
  while (waitpid(life->pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void FrontKeeper::Renew(const std::string& end) {
  if (!end.empty()) {
    spdlog::error("web: the process that listens ended ({}); another one is started", end);
    End(life_.get());
    life_.reset();
  }
  absl::StatusOr<std::unique_ptr<Life>> next = Begin();
  if (!next.ok()) {
    spdlog::error("web: {}", std::string(next.status().message()));
    return;
  }
  if (life_ != nullptr) End(life_.get());
  life_ = *std::move(next);
}

void FrontKeeper::Run() {
  absl::Time begun = absl::Now();
  while (!stop_) {
    // Without pidfds (some container runtimes forbid them) it is found a second later.
    pollfd waiting[] = {{wake_.get(), POLLIN, 0},
                        {life_ == nullptr ? -1 : life_->pidfd.get(), POLLIN, 0}};
    poll(waiting, 2, kLookEveryMs);
    if (stop_) break;
    const std::string end = life_ == nullptr ? "" : EndOf(life_->pid);
    const bool changed = life_ != nullptr && security_->Current()->stamp != life_->stamp;
    if (end.empty() && !changed && life_ != nullptr) continue;
    // One that ends as it begins is not started faster than this.
    const absl::Duration pause = absl::Milliseconds(kLookEveryMs) - (absl::Now() - begun);
    if (pause > absl::ZeroDuration() && !end.empty()) absl::SleepFor(pause);
    begun = absl::Now();
    Renew(end);
  }
  if (life_ != nullptr) End(life_.get());
  life_.reset();
}

}  // namespace nsobs
