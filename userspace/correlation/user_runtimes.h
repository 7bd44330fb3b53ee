// The runtimes of users of the host who aren't root: rootless podman and docker, unprivileged lxc,
// and whatever runs runc or crun in a user namespace of its own.
//
// A user is believed about his own containers only: what his files say is held against the owner of
// the process's user namespace, his files are read as a stranger's (StateFiles), and the keys of
// his containers are his own, so that he can't pass for root's or another user's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "userspace/correlation/process_index.h"
#include "userspace/correlation/runtimes/list.h"
#include "userspace/correlation/user_domain.h"

namespace nsobs {

// Not thread-safe.
class UserRuntimes {
 public:
  // `passwd_path`: /etc/passwd, for the homes of users; `run`: /run/user, where each has a
  // directory of his own.
  UserRuntimes(std::string passwd_path, std::string run)
      : passwd_path_(std::move(passwd_path)), run_(std::move(run)) {}

  // Readers of a user's files; nullptr for root, and for more users than are remembered (256).
  const RuntimeReaders* ReadersOf(uint32_t uid);

  // Adds directories that an engine of the user's named.
  void Learn(uint32_t uid, const RuntimeRoots& more);

  // The container of user `uid` that begins with process `init`, as his files say. They are looked
  // through again only for what is younger than the last look, and every two seconds.
  std::optional<RuntimeRecord> FindByInit(uint32_t uid, const ProcessId& init, int64_t boot_ns);

  // Of a file that stands in a record of this user's; root's, too.
  std::optional<FileVersion> Stat(uint32_t uid, const std::string& path);

 private:
  struct One {
    RuntimeRoots roots;  // the readers look at it
    RuntimeReaders readers;
    std::vector<RuntimeRecord> listed;
    int64_t listed_boot_ns = 0;  // 0: never
  };
  One* Get(uint32_t uid);
  std::string HomeOf(uint32_t uid) const;

  const std::string passwd_path_;
  const std::string run_;
  absl::flat_hash_map<uint32_t, std::unique_ptr<One>> users_;
};

// Where the runtimes of a user keep things, by their documentation. `run`: his XDG_RUNTIME_DIR;
// `home`: "" if not known.
RuntimeRoots UserRoots(uint32_t uid, const std::string& run, const std::string& home);

}  // namespace nsobs
