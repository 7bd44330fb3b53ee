// Which overlays the host has mounted itself. One that a container mounted may lie over FUSE: every
// call on it then waits for a server that is the container's.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace nsobs {

// The overlays in the reader's own mount table, by device. One thread.
class KnownOverlays {
 public:
  // `proc_root`: of the host, "/proc"; its self/mountinfo is read when first asked.
  explicit KnownOverlays(std::string proc_root) : proc_root_(std::move(proc_root)) {}

  // "0:57", as in the third field of proc_pid_mountinfo(5). A superblock has that number as long as
  // it lives, and a container can't give its own the number of another. False if nothing can be
  // read.
  bool Has(std::string_view device);

 private:
  void Load();

  std::string proc_root_;
  bool loaded_ = false;
  std::set<std::string, std::less<>> devices_;
};

}  // namespace nsobs
