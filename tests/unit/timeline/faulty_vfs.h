// A layer under SQLite at which every call can be seen, failed, cut short, or be the last one that
// the process makes.
#pragma once

#include <sqlite3.h>

#include <string>
#include <string_view>

namespace nsobs {

enum class VfsCall {
  kOpen,
  kClose,
  kDelete,
  kAccess,
  kRead,
  kWrite,
  kTruncate,
  kSync,
  kFileSize,
  kLock,
  kUnlock,
  kCheckLock,
  kShmMap,
  kShmLock,
  kShmUnlock,
  kShmBarrier,
  kShmUnmap,
};
inline constexpr int kVfsCalls = static_cast<int>(VfsCall::kShmUnmap) + 1;

std::string_view VfsCallName(VfsCall call);  // "xWrite"

// What is about to be done, to which file. The shared memory is a part of the database's file here,
// as it is for SQLite.
struct VfsOp {
  VfsCall call;
  std::string_view path;       // "" for a temporary file
  std::string_view data = {};  // xWrite: the bytes
  int64_t offset = 0;          // xWrite: where; xTruncate: the new size

  std::string_view suffix() const;  // "", "-wal", "-journal"
};

struct VfsFate {
  enum Kind {
    kPass,
    kSkip,        // says that it worked, and does nothing
    kFail,        // with `code`
    kShort,       // xWrite: the first half is written, then it fails with `code`
    kKillBefore,  // SIGKILL to the own process, which does not return from it
    kKillHalf,    // xWrite: after the first half
    kKillAfter,
  };
  Kind kind = kPass;
  int code = SQLITE_IOERR;
};

class VfsHook {
 public:
  virtual ~VfsHook() = default;
  virtual VfsFate Fate(const VfsOp& op) = 0;
};

// Fails each write, sync and truncation from one on.
struct FaultPlan : public VfsHook {
  int fail_after = -1;  // let this many of them pass, then fail; -1: never
  int error = SQLITE_IOERR_WRITE;
  int seen = 0;

  explicit FaultPlan(int code = SQLITE_IOERR_WRITE) : error(code) {}
  void Arm(int passes) {
    fail_after = passes;
    seen = 0;
  }
  void Disarm() { fail_after = -1; }
  VfsFate Fate(const VfsOp& op) override;
};

// While it lives, every database that is opened goes through it, and each call asks `hook`, which
// outlives it.
class FaultyVfs {
 public:
  explicit FaultyVfs(VfsHook* hook);
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;

 private:
  sqlite3_vfs vfs_;
};

}  // namespace nsobs
