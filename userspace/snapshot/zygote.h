// The zygote: forked from the observer before BPF, threads and the database, so that it holds none
// of them. It does nothing but fork a helper when it is asked to, and end the one before. It reads
// nothing, opens nothing and never sees a request, so that it has nothing to die of.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "userspace/base/fd.h"
#include "userspace/snapshot/helper.h"

namespace nsobs {

class Zygote {
 public:
  // The only thread of the process must be the caller's. `options` are copied into the fork.
  static absl::StatusOr<Zygote> Start(const HelperOptions& options);
  // The same in a process of the own program, started anew with kZygoteCommand: for the observer
  // that has threads, BPF and the database by now. It ends with the calling
  // thread.
  static absl::StatusOr<Zygote> StartAnew();
  Zygote(Zygote&& other) noexcept;
  Zygote& operator=(Zygote&&) = delete;
  ~Zygote();  // ends it and its helper; bounded

  struct Helper {
    pid_t pid = 0;  // in the observer's pid namespace
    UniqueFd socket;
    std::optional<int> before;  // how the one before had ended: its wait status
  };
  // A new helper that has given up its privileges and waits for requests. UNAVAILABLE: the zygote
  // is gone, or does not answer within 5 s. One thread.
  absl::StatusOr<Helper> Fork();

  pid_t pid() const { return pid_; }

  // It has ended (which its helper doesn't survive), or did not answer.
  bool IsGone() const;

 private:
  Zygote(pid_t pid, UniqueFd socket) : pid_(pid), socket_(std::move(socket)) {}

  pid_t pid_ = 0;
  UniqueFd socket_;
};

// A hidden command of the program: `nsobserver snapshot-zygote PID`.
inline constexpr const char* kZygoteCommand = "snapshot-zygote";

// The life of a zygote that was started anew, and its exit code; what is wrong on standard error.
int RunZygoteCommand(const std::vector<std::string>& words);

}  // namespace nsobs
