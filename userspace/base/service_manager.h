// The word to the service manager that started us: sd_notify(3) and the watchdog of
// sd_watchdog_enabled(3), whose protocol is one datagram of lines to a unix socket.
#pragma once

#include <sys/un.h>

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "userspace/base/fd.h"

namespace nsobs {

// Without a service manager every call does nothing. Not thread-safe.
class ServiceManager {
 public:
  // From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, which are taken out of the environment: no
  // child may speak for us. Call before any thread or child is started.
  static ServiceManager FromEnvironment();

  // Without a socket, or with one that is none ("" or neither absolute nor abstract): nobody.
  ServiceManager(std::string_view socket, absl::Duration watchdog);

  bool present() const { return address_bytes_ > 0; }
  // How often it wants to hear KeepAlive() at least; zero: it does not watch.
  absl::Duration watchdog() const { return watchdog_; }

  void Ready(std::string_view status);  // READY=1, and what `systemctl status` shows
  void Reloading();                     // RELOADING=1; Ready() ends it
  void Stopping();                      // STOPPING=1
  void KeepAlive();                     // WATCHDOG=1

 private:
  // Never waits: a manager that does not read misses it.
  void Send(std::string_view lines) const;

  UniqueFd fd_;
  sockaddr_un address_{};
  socklen_t address_bytes_ = 0;
  absl::Duration watchdog_ = absl::ZeroDuration();
};

}  // namespace nsobs
