// The word to the service manager that started us: sd_notify(3) and the watchdog of
// sd_watchdog_enabled(3), whose protocol is one datagram of lines to a unix socket.
#pragma once

#include <sys/un.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "userspace/base/fd.h"
#include "userspace/base/fd_bundle.h"

namespace nsobs {

// Without a service manager every call does nothing. Not thread-safe.
class ServiceManager {
 public:
  // From NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID and LISTEN_*, which are taken out of the
  // environment: no child may speak for us. Call before any thread or child is started.
  static ServiceManager FromEnvironment();

  // Without a socket, or with one that is none ("" or neither absolute nor abstract): nobody.
  ServiceManager(std::string_view socket, absl::Duration watchdog);

  // Descriptors that it stored for us and gave back at our start (LISTEN_FDS and LISTEN_FDNAMES of
  // sd_listen_fds_with_names(3)); the first call has them. It goes on storing them.
  std::vector<NamedFd> TakeStored() { return std::move(stored_); }
  // Has it keep a copy for our next life (FDSTORE=1), until the unit is stopped for good.
  // UNAVAILABLE: it could not be told.
  absl::Status Store(const std::string& name, int fd) const;
  void Forget(const std::string& name) const;  // FDSTOREREMOVE=1

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

  static std::vector<NamedFd> StoredFds();
  // Waits for a manager that is slow to read, two seconds at most in our whole life. fd -1: none
  // goes along.
  absl::Status Tell(std::string lines, int fd) const;

  UniqueFd fd_;
  std::vector<NamedFd> stored_;
  mutable int patience_ms_ = 2000;
  sockaddr_un address_{};
  socklen_t address_bytes_ = 0;
  absl::Duration watchdog_ = absl::ZeroDuration();
};

}  // namespace nsobs
