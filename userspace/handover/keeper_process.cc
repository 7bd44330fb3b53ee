#include "userspace/handover/keeper_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "userspace/base/deadline.h"
#include "userspace/base/status_util.h"
#include "userspace/handover/keeper.h"
#include "userspace/handover/keeper_sandbox.h"

namespace nsobs {
namespace {

constexpr absl::Duration kHanding = absl::Seconds(5);
constexpr int kDyingMs = 2000;
constexpr int64_t kLookMs = 200;  // at most, until it is seen that the socket's file is gone

struct Words {
  std::string path;
  absl::Duration patience;
};

std::optional<Words> ReadWords(const std::vector<std::string>& words) {
  int64_t patience_ms = 0;
  struct stat st{};
  const auto is_socket = [&](int fd) { return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode); };
  if (words.size() != 3 || words[0] != kKeeperCommand || words[1].empty() ||
      !absl::SimpleAtoi(words[2], &patience_ms) || patience_ms <= 0 || !is_socket(kKeeperLine) ||
      !is_socket(kKeeperListening)) {
    return std::nullopt;
  }
  return Words{words[1], absl::Milliseconds(patience_ms)};
}

// The terminal's signals are the daemon's; its output is not ours to hold open.
void BecomeQuiet() {
  prctl(PR_SET_NAME, "nsobs-keeper");
  setsid();
  for (const int signal : {SIGINT, SIGHUP, SIGQUIT, SIGPIPE}) ::signal(signal, SIG_IGN);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int standard = 0; standard < 3; ++standard) dup2(null, standard);
  for (const int fd : {kKeeperLine, kKeeperListening}) fcntl(fd, F_SETFD, FD_CLOEXEC);
  close_range(kKeeperListening + 1, ~0U, 0);
}

class KeeperProcess {
 public:
  KeeperProcess(Words words, UniqueFd line, UniqueFd listening)
      : words_(std::move(words)), line_(std::move(line)), listening_(std::move(listening)) {
    struct stat st{};
    if (lstat(words_.path.c_str(), &st) == 0) inode_ = st.st_ino;
  }

  // Until it is told to end, or nobody came.
  void Run() {
    absl::StatusOr<FdBundle> bundle = ReceiveBundle(line_.get(), Deadline::In(kHanding));
    if (bundle.ok() && send(line_.get(), &kKeeperHolds, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) {
      bundle_ = *std::move(bundle);
      while (FollowTheDaemon() && AwaitSuccessor()) {
      }
    }
    if (IsOurs()) unlink(words_.path.c_str());
  }

 private:
  // False: it said that all is over.
  bool FollowTheDaemon() {
    while (true) {
      pollfd fds[2] = {{line_.get(), POLLIN, 0}, {listening_.get(), POLLIN, 0}};
      if (poll(fds, 2, -1) < 0) {
        if (errno == EINTR) continue;
        return false;
      }
      if (fds[0].revents == 0) {
        // A successor may come while the daemon's last descriptors are being closed. Else there is
        // no second one on one storage: whoever comes while one lives gets nothing.
        if (poll(fds, 1, kDyingMs) == 0) {
          UniqueFd(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        }
        continue;
      }
      char word = 0;
      const ssize_t size = recv(line_.get(), &word, 1, MSG_DONTWAIT);
      if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (size == 1) return word != kKeeperEnd;
      return true;
    }
  }

  // False: nobody came in time, or nobody can come any more.
  bool AwaitSuccessor() {
    line_.reset();
    const Deadline deadline = Deadline::In(words_.patience);
    while (IsOurs()) {
      const int64_t left_ms = absl::ToInt64Milliseconds(deadline.left());
      if (left_ms <= 0) return false;
      pollfd waiting = {listening_.get(), POLLIN, 0};
      if (poll(&waiting, 1, static_cast<int>(std::min(left_ms, kLookMs))) <= 0) continue;
      UniqueFd peer(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!peer.ok() || !IsOfOurUser(peer.get())) continue;
      if (!SendBundle(peer.get(), bundle_, Deadline::In(kHanding)).ok()) continue;
      line_ = std::move(peer);
      return true;
    }
    return false;
  }

  static bool IsOfOurUser(int peer) {
    ucred who{};
    socklen_t size = sizeof who;
    return getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.uid == geteuid();
  }

  // Does our socket still stand where a successor would look for it?
  bool IsOurs() const {
    struct stat st{};
    return inode_ != 0 && lstat(words_.path.c_str(), &st) == 0 && st.st_ino == inode_;
  }

  const Words words_;
  UniqueFd line_;
  const UniqueFd listening_;
  ino_t inode_ = 0;
  FdBundle bundle_;
};

}  // namespace

int RunKeeper(const std::vector<std::string>& words) {
  std::optional<Words> read = ReadWords(words);
  if (!read) {
    std::cerr << "nsobserver: handover-keeper is started by `nsobserver run` alone\n";
    return 1;
  }
  BecomeQuiet();
  if (!EnterKeeperSandbox().ok()) return 1;
  KeeperProcess(*std::move(read), UniqueFd(kKeeperLine), UniqueFd(kKeeperListening)).Run();
  return 0;
}

}  // namespace nsobs
