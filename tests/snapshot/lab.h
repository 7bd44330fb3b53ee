// A "container" to look into: a process with net, pid and mount namespaces of its own, whose root
// is a fresh tmpfs. Gone with the object.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "userspace/snapshot/request.h"
#include "userspace/snapshot/snapshotter.h"
#include "userspace/snapshot/start_helper.h"

namespace nsobs {

class Inhabitant {
 public:
  // `setup` is a line of shell, run in the new namespaces as root of the host's files, with $ROOT
  // the future root. `deed` runs afterwards, inside; then the process sleeps.
  explicit Inhabitant(const std::string& setup, const std::function<void()>& deed = nullptr);
  ~Inhabitant();
  Inhabitant(const Inhabitant&) = delete;
  Inhabitant& operator=(const Inhabitant&) = delete;

  uint32_t pid() const { return static_cast<uint32_t>(pid_); }
  ProcessKey key() const;  // with the start time
  uint32_t net_inode() const;
  void RunInside(const std::string& command) const;  // a line of shell in its net namespace
  void Kill();

 private:
  pid_t pid_ = -1;
};

// A socket that is bound and, for streams, listens; it stays open. A test failure if it can't be.
void ListenOn(const char* address, uint16_t port, int type);
void ListenOnUnix(const std::string& path, int type);  // "@" begins an abstract name

SnapshotRequest RequestFor(const Inhabitant& inhabitant, std::vector<Section> sections);

// One helper for the tests that need no options.
Snapshotter& SharedSnapshotter();

// The first object of `list` whose member `key` is `value`; null if there is none.
nlohmann::ordered_json Find(const nlohmann::ordered_json& list, const char* key,
                            const nlohmann::ordered_json& value);

// All files of a directory of /proc/PID/fd as "0 -> /dev/null".
std::vector<std::string> DescriptorsOf(uint32_t pid);
// Children of a process, oldest first.
std::vector<uint32_t> ChildrenOf(uint32_t pid);

}  // namespace nsobs
