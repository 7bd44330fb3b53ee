#include "userspace/base/service_manager.h"

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
#include "absl/strings/string_view.h"

namespace nsobs {
namespace {

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
  return ServiceManager(socket, WatchdogOf(usec, pid));
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
  Send(absl::StrCat("READY=1\nSTATUS=", absl::string_view(status.data(), status.size())));
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
