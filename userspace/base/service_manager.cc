#include "userspace/base/service_manager.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "userspace/base/scm_rights.h"

namespace nsobs {
namespace {

constexpr int kFirstListenFd = 3;  // SD_LISTEN_FDS_START
constexpr int kPauseMs = 2;

// The value, which is taken out of the environment; "" if it is not there.
std::string Take(const char* name) {
  const char* value = getenv(name);
  std::string out = value == nullptr ? "" : value;
  unsetenv(name);
  return out;
}

// Zero where the watchdog is off, or meant for another process.
absl::Duration WatchdogOf(const std::string& usec, const std::string& pid) {
  int64_t number = 0;
  if (!pid.empty() && (!absl::SimpleAtoi(pid, &number) || number != getpid())) {
    return absl::ZeroDuration();
  }
  if (!absl::SimpleAtoi(usec, &number) || number <= 0) return absl::ZeroDuration();
  return absl::Microseconds(number);
}

}  // namespace

ServiceManager ServiceManager::FromEnvironment() {
  const std::string socket = Take("NOTIFY_SOCKET");
  const std::string usec = Take("WATCHDOG_USEC");
  const std::string pid = Take("WATCHDOG_PID");
  ServiceManager manager(socket, WatchdogOf(usec, pid));
  manager.stored_ = StoredFds();
  return manager;
}

// From 3 on, in the order of their names.
std::vector<NamedFd> ServiceManager::StoredFds() {
  const std::string pid = Take("LISTEN_PID"), count = Take("LISTEN_FDS");
  const std::vector<std::string> names = absl::StrSplit(Take("LISTEN_FDNAMES"), ':');
  int64_t whose = 0, number = 0;
  if (!absl::SimpleAtoi(pid, &whose) || whose != getpid()) return {};
  if (!absl::SimpleAtoi(count, &number) || number <= 0 ||
      number > static_cast<int64_t>(kMaxBundleFds)) {
    return {};
  }
  std::vector<NamedFd> out;
  for (int i = 0; i < static_cast<int>(number); ++i) {
    const int fd = kFirstListenFd + i;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) continue;  // there is none
    const auto at = static_cast<size_t>(i);
    out.push_back({at < names.size() ? names[at] : "", UniqueFd(fd)});
  }
  return out;
}

absl::Status ServiceManager::Store(const std::string& name, int fd) const {
  return Tell(absl::StrCat("FDSTORE=1\nFDPOLL=0\nFDNAME=", name), fd);
}

void ServiceManager::Forget(const std::string& name) const {
  Tell(absl::StrCat("FDSTOREREMOVE=1\nFDNAME=", name), -1).IgnoreError();
}

absl::Status ServiceManager::Tell(std::string lines, int fd) const {
  if (!present()) return absl::UnavailableError("there is no service manager");
  iovec data = {lines.data(), lines.size()};
  RightsBuffer<1> control;
  msghdr message{};
  message.msg_name = const_cast<sockaddr_un*>(&address_);
  message.msg_namelen = address_bytes_;
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (fd >= 0) PutRights({&fd, 1}, control.bytes, &message);
  // Its queue of datagrams is short (net.unix.max_dgram_qlen).
  while (sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
    const bool full = errno == EAGAIN || errno == ENOBUFS || errno == EINTR;
    if (!full || patience_ms_ <= 0) {
      return absl::UnavailableError(absl::StrCat("the service manager: ", strerror(errno)));
    }
    patience_ms_ -= kPauseMs;
    usleep(1000 * kPauseMs);
  }
  return absl::OkStatus();
}

ServiceManager::ServiceManager(std::string_view socket, absl::Duration watchdog) {
  if (socket.size() < 2 || (socket[0] != '/' && socket[0] != '@')) return;
  if (socket.size() >= sizeof address_.sun_path) return;
  fd_ = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd_.ok()) return;
  address_.sun_family = AF_UNIX;
  std::copy(socket.begin(), socket.end(), address_.sun_path);
  const bool abstract = socket[0] == '@';  // its name begins with a zero byte and ends with none
  if (abstract) address_.sun_path[0] = '\0';
  address_bytes_ =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.size() + (abstract ? 0 : 1));
  watchdog_ = watchdog;
}

void ServiceManager::Ready(std::string_view status) {
  // After many descriptors its queue may be full, and it waits for this word.
  Tell(absl::StrCat("READY=1\nSTATUS=", absl::string_view(status.data(), status.size())), -1)
      .IgnoreError();
}

// Type=notify-reload wants the time at which it began; others overlook it.
void ServiceManager::Reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  Send(absl::StrCat("RELOADING=1\nMONOTONIC_USEC=",
                    absl::ToInt64Microseconds(absl::DurationFromTimespec(now))));
}

void ServiceManager::Stopping() { Send("STOPPING=1\nSTATUS=stopping"); }

void ServiceManager::KeepAlive() { Send("WATCHDOG=1"); }

void ServiceManager::Send(std::string_view lines) const {
  if (!present()) return;
  (void)!sendto(fd_.get(), lines.data(), lines.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                reinterpret_cast<const sockaddr*>(&address_), address_bytes_);
}

}  // namespace nsobs
