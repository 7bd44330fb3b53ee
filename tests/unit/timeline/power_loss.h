// What a disk has after the power went: of what was written since the last sync, any part.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/timeline/faulty_vfs.h"

namespace nsobs {

// Follows what is written and synced. From the call `at` on (counting those that write, sync,
// truncate or delete) nothing works any more. Make it before the first open of a file.
class PowerLoss : public VfsHook {
 public:
  explicit PowerLoss(int at) : at_(at) {}

  VfsFate Fate(const VfsOp& op) override;

  // Once everything is closed: makes each file what the disk has of it. What was written after the
  // last sync is there or not, or some of its sectors are; what was deleted can be there again and
  // what was made gone, until anything is synced: journals of filesystems keep the order of names.
  // As SQLite does, it believes that a write damages
  // nothing beside it (SQLITE_IOCAP_POWERSAFE_OVERWRITE).
  void MakeTrue(std::mt19937* random);

  bool lost() const { return lost_; }
  int calls() const { return calls_; }
  int log_syncs() const { return log_syncs_; }  // those of the write-ahead log

 private:
  struct Change {
    bool truncates = false;
    int64_t offset = 0;  // or the new size
    std::string data;
  };
  struct File {
    std::string durable;
    std::vector<Change> pending;
    bool made_durable = true;  // its name is
    bool deleted = false;
  };

  void Opened(const std::string& path);
  void NamesSynced();
  static void Apply(const Change& change, std::string* content);
  static void ApplySome(const Change& change, std::mt19937* random, std::string* content);
  static std::string Content(const File& file, std::mt19937* random);

  const int at_;
  int calls_ = 0;
  int log_syncs_ = 0;
  bool lost_ = false;
  std::map<std::string, File> files_;
};

}  // namespace nsobs
