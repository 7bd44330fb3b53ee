// A layer under SQLite that fails on command, as a full or broken disk does.
#pragma once

#include <sqlite3.h>

#include <string>

namespace nsobs {

struct FaultPlan {
  int fail_after = -1;  // let this many writes, syncs and truncations pass, then fail; -1: never
  int error = SQLITE_IOERR_WRITE;
  int seen = 0;

  bool Fails() { return fail_after >= 0 && seen++ >= fail_after; }
};

// While it lives, every database that is opened goes through it.
class FaultyVfs {
 public:
  explicit FaultyVfs(FaultPlan* plan);
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;

 private:
  sqlite3_vfs vfs_;
};

}  // namespace nsobs
