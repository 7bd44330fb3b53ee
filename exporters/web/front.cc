#include "exporters/web/front.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <iostream>
#include <mutex>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "exporters/web/connection_loop.h"
#include "exporters/web/front_frames.h"
#include "exporters/web/front_sandbox.h"
#include "exporters/web/http_service.h"
#include "exporters/web/security.h"
#include "userspace/base/seqpacket.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr int kExitFailed = 1;
// The answer is made by the daemon, which bounds its own time.
constexpr absl::Duration kAnswerWithin = absl::Minutes(2);
constexpr absl::Duration kSentWithin = absl::Seconds(5);

// The sockets to the daemon. One for each thread of a pool, so that there is always one to be had.
class Channels {
 public:
  Channels() {
    for (size_t i = 0; i < kFrontChannels; ++i) {
      (i < kFrontQuick ? quick_ : slow_).push_back(kFrontFirstChannel + static_cast<int>(i));
    }
  }

  std::string Ask(const RequestHead& head, bool last) {
    std::vector<int>& idle = IsForApi(head) ? slow_ : quick_;
    const int channel = Take(&idle);
    const absl::Status sent =
        SendMessage(channel, EncodeFrontRequest(head, last), Deadline::In(kSentWithin));
    if (!sent.ok()) _exit(kExitFailed);
    absl::StatusOr<std::string> answer =
        ReceiveMessage(channel, kMaxFrontAnswerBytes, Deadline::In(kAnswerWithin));
    // Without the daemon, or out of step with it, nothing is right any more: a new front begins.
    if (!answer.ok()) _exit(kExitFailed);
    Give(&idle, channel);
    return *std::move(answer);
  }

 private:
  int Take(std::vector<int>* idle) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (idle->empty()) _exit(kExitFailed);  // can't be: see above
    const int channel = idle->back();
    idle->pop_back();
    return channel;
  }
  void Give(std::vector<int>* idle, int channel) {
    std::lock_guard<std::mutex> lock(mutex_);
    idle->push_back(channel);
  }

  std::mutex mutex_;  // of std, as in WorkerPool; guards the rest
  std::vector<int> quick_, slow_;
};

// Each byte from the daemon is a question whether we live; until the daemon has gone.
void GiveSignsOfLife() {
  pollfd control = {kFrontControl, POLLIN, 0};
  char sign;
  while (true) {
    if (poll(&control, 1, -1) < 0 && errno != EINTR) return;
    const ssize_t size = recv(kFrontControl, &sign, 1, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (size <= 0) return;
    send(kFrontControl, &sign, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

bool IsSocket(int fd) {
  struct stat st{};
  return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

absl::StatusOr<FrontOptions> ReadWords(const std::vector<std::string>& words) {
  FrontOptions options;
  int64_t connections = 0, timeout_ms = 0;
  if (words.size() != 4 || words[0] != kFrontCommand || !absl::SimpleAtoi(words[1], &connections) ||
      !absl::SimpleAtoi(words[2], &timeout_ms) || connections <= 0 || timeout_ms <= 0 ||
      !IsSocket(kFrontListening) || !IsSocket(kFrontControl)) {
    return absl::InvalidArgumentError("web-front is started by `nsobserver run` alone");
  }
  options.max_connections = static_cast<size_t>(connections);
  options.timeout = absl::Milliseconds(timeout_ms);
  options.config_file = words[3];
  return options;
}

absl::Status Serve(const FrontOptions& options) {
  // Files, libraries and random numbers are had now; later there are none to be had.
  NSOBS_ASSIGN_OR_RETURN(const std::unique_ptr<WebSecurity> security,
                         WebSecurity::LoadForGood(options.config_file));
  UniqueFd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.ok()) return ErrnoStatus(errno, "eventfd");
  NSOBS_RETURN_IF_ERROR(EnterFrontSandbox());
  Channels channels;
  ConnectionLoop loop(
      UniqueFd(kFrontListening), std::move(wake),
      {.max_connections = options.max_connections,
       .timeout = options.timeout,
       .workers = kFrontQuick,
       .slow_workers = kFrontSlow},
      security.get(), [&](const RequestHead& head, bool last) { return channels.Ask(head, last); },
      IsForApi);
  GiveSignsOfLife();
  _exit(0);  // requests under way are of nobody's use any more
}

}  // namespace

std::vector<std::string> FrontWords(const FrontOptions& options) {
  return {kFrontCommand, absl::StrCat(options.max_connections),
          absl::StrCat(absl::ToInt64Milliseconds(options.timeout)), options.config_file};
}

int RunFront(const std::vector<std::string>& words) {
  // A Ctrl-C at the terminal is the daemon's to handle: its end is ours.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) ::signal(signal, SIG_IGN);
  // Whatever else the daemon was started with is not ours.
  close_range(kFrontFirstChannel + static_cast<int>(kFrontChannels), ~0U, 0);
  const absl::StatusOr<FrontOptions> options = ReadWords(words);
  const absl::Status status = options.ok() ? Serve(*options) : options.status();
  std::cerr << "nsobserver: web: " << std::string(status.message()) << "\n";
  return kExitFailed;
}

}  // namespace nsobs
