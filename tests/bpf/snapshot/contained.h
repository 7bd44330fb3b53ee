// A process in namespaces of its own that sets itself up and then waits.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>

#include "userspace/base/fd.h"

namespace nsobs {

class Contained {
 public:
  struct Options {
    int namespaces = 0;  // CLONE_NEW*
    std::function<bool()> before_fork =
        nullptr;  // in the parent of the inner process, after unshare
    std::function<bool(uint32_t pid)> from_outside = nullptr;  // in the test, before `inside`
    std::function<bool()> inside = nullptr;
  };
  // A test failure if any of the steps returns false.
  explicit Contained(const Options& options);
  ~Contained();  // killed and reaped
  Contained(const Contained&) = delete;
  Contained& operator=(const Contained&) = delete;

  uint32_t pid() const { return pid_; }  // as the host sees it
  int root_fd() const { return root_.get(); }

 private:
  pid_t outer_ = -1;
  uint32_t pid_ = 0;
  UniqueFd root_;
};

}  // namespace nsobs
