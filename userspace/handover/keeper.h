// The keeper: a small process that holds the descriptors of our BPF maps, links and programs beside
// the daemon, so that they outlive a kill -9 of it for a few seconds. When the daemon is gone it
// waits for a successor on a socket in the storage folder, hands out the bundle, and goes on
// holding it for that one. It reads and writes none of what it holds.
//
//   daemon --bundle, life line--> keeper --bundle--> next daemon
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "userspace/base/fd.h"
#include "userspace/base/fd_bundle.h"

namespace nsobs {

// A hidden command of the program: `nsobserver handover-keeper ...`.
inline constexpr const char* kKeeperCommand = "handover-keeper";
// In the storage folder: which daemon's bundle it is.
inline constexpr const char* kKeeperSocket = "handover.sock";

// The daemon's side. One thread.
class Keeper {
 public:
  // A new process that holds the bundle and, once nobody holds the life line, waits `patience` for
  // a successor on `path` (mode 0600; a successor of the same user). The bundle stays the caller's.
  static absl::StatusOr<std::unique_ptr<Keeper>> Start(const std::string& path,
                                                       absl::Duration patience,
                                                       const FdBundle& bundle);

  struct Left {
    FdBundle bundle;
    std::unique_ptr<Keeper> keeper;  // which from now on is ours
  };
  // What a predecessor left. NOT_FOUND: nothing.
  static absl::StatusOr<Left> TakeLeft(const std::string& path);

  // It waits for a successor, as it does if we die.
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // It lets go of everything and ends; at most a second.
  void End();

 private:
  Keeper(pid_t child, UniqueFd line) : child_(child), line_(std::move(line)) {}

  const pid_t child_;  // 0: a predecessor started it
  UniqueFd line_;
};

// The life of a keeper, and its exit code.
int RunKeeper(const std::vector<std::string>& words);

}  // namespace nsobs
