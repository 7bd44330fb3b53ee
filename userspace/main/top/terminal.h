// The terminal in the hands of a full-screen program, and how it gets it back.
#pragma once

#include <signal.h>
#include <termios.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "userspace/base/fd.h"
#include "userspace/main/top/frame.h"
#include "userspace/main/top/terminfo.h"

namespace nsobs {

// One at a time in a process. While it lives, signals that end, stop or resize are told by Wait()
// and do nothing else, and SIGPIPE is ignored; a crash (SIGSEGV and its like) gives the terminal
// back before it goes on. What no program can help is SIGKILL: `reset` mends that.
class Terminal {
 public:
  // `controls` outlives it.
  explicit Terminal(const TerminalControls& controls) : controls_(controls) {}
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() { Leave(); }

  // Takes stdin and stdout: raw mode, alternate screen, no cursor.
  absl::Status Enter();
  // Puts all as it was before Enter().
  void Leave();

  // Stops the process as ^Z does, with the terminal given back; returns when it goes on.
  absl::Status Suspend();

  FrameSize Size() const;
  // UNAVAILABLE: nobody is there any more.
  absl::Status Write(std::string_view bytes) const;

  struct Happened {
    std::string bytes;  // that were typed
    bool resized = false;
    bool suspend = false;
    bool ended = false;  // a signal asks to end, or the terminal is gone
  };
  Happened Wait(absl::Duration patience);

 private:
  absl::Status TakeSignals();
  void ReadSignals(Happened* happened);

  const TerminalControls& controls_;
  bool entered_ = false;
  termios before_{};
  sigset_t mask_before_{};
  UniqueFd signals_;
};

}  // namespace nsobs
