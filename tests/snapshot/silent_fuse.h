// A FUSE filesystem that takes every request and never answers: who touches it hangs, SIGKILL or
// not.
#pragma once

#include <sys/types.h>

#include <string>

namespace nsobs {

class SilentFuse {
 public:
  SilentFuse();   // a test failure if it can't be mounted
  ~SilentFuse();  // lets everybody go
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  pid_t server_ = -1;
};

// Mounts one at `path` whose server doesn't even say hello; `device` is an open /dev/fuse. For a
// process that has no /dev.
bool MountDeafFuse(int device, const char* path);

}  // namespace nsobs
