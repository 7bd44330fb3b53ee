#include "userspace/main/top/terminal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr int kMostColumns = 1000;
constexpr auto kCrashes = std::to_array<int>({SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT});
constexpr size_t kRestoreBytes = 512;

// A handler of a signal is given nothing but the signal's number, so what it needs to give the
// terminal back has to stand where it finds it.
struct Restore {
  volatile sig_atomic_t armed;
  termios settings;
  size_t size;
  char bytes[kRestoreBytes];
};
Restore restore_on_crash;

// Only what signal-safety(7) allows. SA_RESETHAND has put the default back: the signal that raise()
// leaves pending ends the process as soon as this returns.
void OnCrash(int signal_number) {
  if (restore_on_crash.armed != 0) {
    restore_on_crash.armed = 0;
    [[maybe_unused]] const ssize_t written =
        write(STDOUT_FILENO, restore_on_crash.bytes, restore_on_crash.size);
    tcsetattr(STDIN_FILENO, TCSANOW, &restore_on_crash.settings);
  }
  raise(signal_number);
}

void ArmCrash(const termios& settings, const std::string& bytes) {
  restore_on_crash.settings = settings;
  restore_on_crash.size = std::min(bytes.size(), kRestoreBytes);
  memcpy(restore_on_crash.bytes, bytes.data(), restore_on_crash.size);
  restore_on_crash.armed = 1;
  struct sigaction action{};
  action.sa_handler = OnCrash;
  action.sa_flags = SA_RESETHAND;
  for (const int number : kCrashes) sigaction(number, &action, nullptr);
}

void DisarmCrash() {
  restore_on_crash.armed = 0;
  for (const int number : kCrashes) signal(number, SIG_DFL);
}

std::string LeaveBytes(const TerminalControls& controls) {
  return controls.plain + controls.clear_all + controls.leave_keypad + controls.show_cursor +
         controls.leave_alternate;
}

sigset_t TakenSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH}) {
    sigaddset(&set, number);
  }
  return set;
}

absl::Status WriteAll(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return absl::UnavailableError("the terminal is gone");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Terminal::TakeSignals() {
  const sigset_t taken = TakenSignals();
  pthread_sigmask(SIG_BLOCK, &taken, &mask_before_);
  signal(SIGPIPE, SIG_IGN);
  signals_ = UniqueFd(signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  return signals_.ok() ? absl::OkStatus() : ErrnoStatus(errno, "signalfd");
}

absl::Status Terminal::Enter() {
  if (tcgetattr(STDIN_FILENO, &before_) != 0) return ErrnoStatus(errno, "the terminal's settings");
  NSOBS_RETURN_IF_ERROR(TakeSignals());
  entered_ = true;
  ArmCrash(before_, LeaveBytes(controls_));
  termios raw = before_;
  cfmakeraw(&raw);
  if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) != 0) {
    return ErrnoStatus(errno, "the terminal's settings");
  }
  return WriteAll(controls_.enter_alternate + controls_.enter_keypad + controls_.hide_cursor +
                  controls_.clear_all);
}

void Terminal::Leave() {
  if (!entered_) return;
  entered_ = false;
  (void)WriteAll(LeaveBytes(controls_));
  tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  DisarmCrash();
  signals_.reset();
  signal(SIGPIPE, SIG_DFL);
  pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

// Where nobody could continue it (an orphaned process group), the kernel drops the signal.
absl::Status Terminal::Suspend() {
  Leave();
  raise(SIGTSTP);
  return Enter();
}

FrameSize Terminal::Size() const {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {};
  }
  return {std::min<int>(size.ws_col, kMostColumns), std::min<int>(size.ws_row, controls_.rows)};
}

absl::Status Terminal::Write(std::string_view bytes) const { return WriteAll(bytes); }

void Terminal::ReadSignals(Happened* happened) {
  signalfd_siginfo info;
  while (read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
    switch (info.ssi_signo) {
      case SIGWINCH:
        happened->resized = true;
        break;
      case SIGTSTP:
        happened->suspend = true;
        break;
      default:
        happened->ended = true;
        break;
    }
  }
}

Terminal::Happened Terminal::Wait(absl::Duration patience) {
  Happened happened;
  std::array<pollfd, 2> watched = {pollfd{STDIN_FILENO, POLLIN, 0},
                                   pollfd{signals_.get(), POLLIN, 0}};
  const auto milliseconds = static_cast<int>(absl::ToInt64Milliseconds(patience));
  if (poll(watched.data(), watched.size(), milliseconds) <= 0) return happened;
  if (watched[1].revents != 0) ReadSignals(&happened);
  if ((watched[0].revents & POLLIN) != 0) {
    char buffer[256];
    const ssize_t size = read(STDIN_FILENO, buffer, sizeof(buffer));
    if (size > 0) happened.bytes.assign(buffer, static_cast<size_t>(size));
    if (size == 0 || (size < 0 && errno != EINTR && errno != EAGAIN)) happened.ended = true;
  } else if ((watched[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
    happened.ended = true;
  }
  return happened;
}

}  // namespace nsobs
