// For whom file failures are switched on: keeps the kernel's list of cgroups in step with the
// containers that the configuration names, as they come, go and come again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "userspace/correlation/container_selector.h"
#include "userspace/correlation/inventory.h"

namespace nsobs {

// What became of one word of the list.
struct WatchedName {
  std::string word;
  bool good = false;  // watched, or waited for
  std::string text;   // "podman 1b9c4d5e6f70, watched"; raw bytes of runtimes in it
};

struct FileWatchPlan {
  std::vector<CgroupKey> cgroups;
  std::vector<WatchedName> names;  // in the order of the words
};

FileWatchPlan PlanFileWatch(const std::vector<std::string>& words, const Inventory& inventory);

// One thread, the pipeline's.
class FileWatch {
 public:
  // `set` hands a list to the kernel (ProbeSet::WatchCgroups). No words: nothing is ever done.
  FileWatch(std::vector<std::string> words,
            std::function<absl::Status(const std::vector<CgroupKey>&)> set);

  bool empty() const { return words_.empty(); }
  // True if the change of this container calls for an Update() at once.
  bool Concerns(const Container& container) const;
  // Says in the log what changed. Costs a pass over the containers for each word.
  void Update(const Inventory& inventory);

 private:
  const std::vector<std::string> words_;
  const std::function<absl::Status(const std::vector<CgroupKey>&)> set_;
  std::map<std::string, std::string> told_;  // the text by word
  std::string told_error_;
};

}  // namespace nsobs
