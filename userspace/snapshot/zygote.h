// The zygote: forked from the observer before BPF, threads and the database, so that it holds none
// of them. It does nothing but fork a helper when it is asked to, and end the one before. It reads
// nothing, opens nothing and never sees a request, so that it has nothing to die of.
#pragma once

#include <sys/types.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "userspace/base/fd.h"
#include "userspace/snapshot/helper.h"

namespace nsobs {

class Zygote {
 public:
  // The only thread of the process must be the caller's. `options` are copied into the fork.
  static absl::StatusOr<Zygote> Start(const HelperOptions& options);
  Zygote(Zygote&& other) noexcept;
  Zygote& operator=(Zygote&&) = delete;
  ~Zygote();  // ends it and its helper; bounded

  struct Helper {
    pid_t pid = 0;  // in the observer's pid namespace
    UniqueFd socket;
  };
  // A new helper that has given up its privileges and waits for requests. UNAVAILABLE: the zygote
  // is gone, or does not answer within 5 s. One thread.
  absl::StatusOr<Helper> Fork();

  pid_t pid() const { return pid_; }

 private:
  Zygote(pid_t pid, UniqueFd socket) : pid_(pid), socket_(std::move(socket)) {}

  pid_t pid_ = 0;
  UniqueFd socket_;
};

}  // namespace nsobs
