#include "userspace/snapshot/bare_process.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace nsobs {

void KeepOnly(UniqueFd socket) {
  const int fd = socket.release();
  if (fd != kOnlySocket) {
    dup2(fd, kOnlySocket);
    close(fd);
  }
  fcntl(kOnlySocket, F_SETFD, FD_CLOEXEC);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int standard = 0; standard < 3; ++standard) dup2(null, standard);
  close_range(kOnlySocket + 1, ~0U, 0);
}

void LeaveSignalsToTheObserver() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2})
    ::signal(signal, SIG_IGN);
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGCHLD, SIG_DFL);
}

}  // namespace nsobs
