#include "tests/unit/timeline/faulty_vfs.h"

#include <signal.h>
#include <unistd.h>

namespace nsobs {
namespace {

struct Context {
  sqlite3_vfs* real;
  VfsHook* hook;
};

// SQLite allocates it with room for the real file behind it.
struct FaultyFile {
  sqlite3_file base;
  Context* context;
  const char* path;  // SQLite keeps it while the file is open
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

FaultyFile* Self(sqlite3_file* file) { return reinterpret_cast<FaultyFile*>(file); }
sqlite3_file* Real(sqlite3_file* file) { return Self(file)->real(); }

[[noreturn]] void Die() {
  kill(getpid(), SIGKILL);
  while (true) pause();
}

template <typename Do>
int Suffer(const VfsFate& fate, Do real) {
  switch (fate.kind) {
    case VfsFate::kPass:
      return real();
    case VfsFate::kSkip:
      return SQLITE_OK;
    case VfsFate::kFail:
    case VfsFate::kShort:
      return fate.code;
    case VfsFate::kKillAfter:
      real();
      Die();
    case VfsFate::kKillBefore:
    case VfsFate::kKillHalf:
      Die();
  }
  return fate.code;
}

VfsOp OpOf(VfsCall call, sqlite3_file* file) {
  const char* path = Self(file)->path;
  return VfsOp{.call = call, .path = path != nullptr ? path : ""};
}

VfsFate FateOf(const VfsOp& op, sqlite3_file* file) { return Self(file)->context->hook->Fate(op); }

// The call goes on to the real file.
#define NSOBS_FORWARD(method, ...) Real(file)->pMethods->method(Real(file), ##__VA_ARGS__)
#define NSOBS_SUFFER(call, method, ...)           \
  Suffer(FateOf(OpOf(VfsCall::call, file), file), \
         [&] { return NSOBS_FORWARD(method, ##__VA_ARGS__); })

int Close(sqlite3_file* file) {
  // A close that fails has closed all the same.
  const int code = NSOBS_FORWARD(xClose);
  const VfsFate fate = FateOf(OpOf(VfsCall::kClose, file), file);
  return Suffer(fate, [&] { return code; });
}
int Read(sqlite3_file* file, void* to, int n, sqlite3_int64 at) {
  return NSOBS_SUFFER(kRead, xRead, to, n, at);
}
int Write(sqlite3_file* file, const void* from, int n, sqlite3_int64 at) {
  VfsOp op = OpOf(VfsCall::kWrite, file);
  op.data = {static_cast<const char*>(from), static_cast<size_t>(n)};
  op.offset = at;
  const VfsFate fate = FateOf(op, file);
  if (fate.kind == VfsFate::kShort || fate.kind == VfsFate::kKillHalf) {
    NSOBS_FORWARD(xWrite, from, n / 2, at);
  }
  return Suffer(fate, [&] { return NSOBS_FORWARD(xWrite, from, n, at); });
}
int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  VfsOp op = OpOf(VfsCall::kTruncate, file);
  op.offset = size;
  return Suffer(FateOf(op, file), [&] { return NSOBS_FORWARD(xTruncate, size); });
}
int Sync(sqlite3_file* file, int flags) { return NSOBS_SUFFER(kSync, xSync, flags); }
int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return NSOBS_SUFFER(kFileSize, xFileSize, size);
}
int Lock(sqlite3_file* file, int level) { return NSOBS_SUFFER(kLock, xLock, level); }
int Unlock(sqlite3_file* file, int level) { return NSOBS_SUFFER(kUnlock, xUnlock, level); }
int CheckLock(sqlite3_file* file, int* out) {
  return NSOBS_SUFFER(kCheckLock, xCheckReservedLock, out);
}
int Control(sqlite3_file* file, int op, void* arg) { return NSOBS_FORWARD(xFileControl, op, arg); }
int SectorSize(sqlite3_file* file) { return NSOBS_FORWARD(xSectorSize); }
int Characteristics(sqlite3_file* file) { return NSOBS_FORWARD(xDeviceCharacteristics); }
int ShmMap(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return NSOBS_SUFFER(kShmMap, xShmMap, page, size, extend, out);
}
int ShmLock(sqlite3_file* file, int at, int n, int flags) {
  if ((flags & SQLITE_SHM_UNLOCK) != 0) return NSOBS_SUFFER(kShmUnlock, xShmLock, at, n, flags);
  return NSOBS_SUFFER(kShmLock, xShmLock, at, n, flags);
}
void ShmBarrier(sqlite3_file* file) {
  Suffer(FateOf(OpOf(VfsCall::kShmBarrier, file), file), [&] {
    NSOBS_FORWARD(xShmBarrier);
    return SQLITE_OK;
  });
}
int ShmUnmap(sqlite3_file* file, int remove) {
  const int code = NSOBS_FORWARD(xShmUnmap, remove);  // as with a close
  const VfsFate fate = FateOf(OpOf(VfsCall::kShmUnmap, file), file);
  return Suffer(fate, [&] { return code; });
}

constexpr sqlite3_io_methods kMethods = {
    2,        Close,     Read,    Write,      Truncate,        Sync,   FileSize, Lock,
    Unlock,   CheckLock, Control, SectorSize, Characteristics, ShmMap, ShmLock,  ShmBarrier,
    ShmUnmap, nullptr,   nullptr};

Context* ContextOf(sqlite3_vfs* vfs) { return static_cast<Context*>(vfs->pAppData); }

int Open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
  Context* context = ContextOf(vfs);
  Self(file)->context = context;
  Self(file)->path = name;
  file->pMethods = nullptr;
  const VfsOp op{.call = VfsCall::kOpen, .path = name != nullptr ? name : ""};
  const int code = Suffer(context->hook->Fate(op), [&] {
    return context->real->xOpen(context->real, name, Real(file), flags, out_flags);
  });
  if (code == SQLITE_OK) file->pMethods = &kMethods;
  return code;
}

int Delete(sqlite3_vfs* vfs, const char* path, int sync_dir) {
  Context* context = ContextOf(vfs);
  return Suffer(context->hook->Fate({.call = VfsCall::kDelete, .path = path}),
                [&] { return context->real->xDelete(context->real, path, sync_dir); });
}

int Access(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
  Context* context = ContextOf(vfs);
  return Suffer(context->hook->Fate({.call = VfsCall::kAccess, .path = path}),
                [&] { return context->real->xAccess(context->real, path, flags, out); });
}

}  // namespace

std::string_view VfsCallName(VfsCall call) {
  constexpr std::string_view kNames[] = {
      "xOpen",     "xClose",   "xDelete",          "xAccess",     "xRead",    "xWrite",
      "xTruncate", "xSync",    "xFileSize",        "xLock",       "xUnlock",  "xCheckReservedLock",
      "xShmMap",   "xShmLock", "xShmLock(unlock)", "xShmBarrier", "xShmUnmap"};
  return kNames[static_cast<int>(call)];
}

std::string_view VfsOp::suffix() const {
  for (std::string_view known : {"-wal", "-journal"}) {
    if (path.ends_with(known)) return known;
  }
  return "";
}

VfsFate FaultPlan::Fate(const VfsOp& op) {
  const bool writes =
      op.call == VfsCall::kWrite || op.call == VfsCall::kTruncate || op.call == VfsCall::kSync;
  if (!writes || fail_after < 0 || seen++ < fail_after) return {};
  return {VfsFate::kFail, error};
}

FaultyVfs::FaultyVfs(VfsHook* hook) {
  sqlite3_vfs* real = sqlite3_vfs_find(nullptr);
  vfs_ = *real;
  vfs_.zName = "faulty";
  vfs_.pNext = nullptr;
  vfs_.szOsFile = static_cast<int>(sizeof(FaultyFile)) + real->szOsFile;
  vfs_.pAppData = new Context{real, hook};
  vfs_.xOpen = Open;
  vfs_.xDelete = Delete;
  vfs_.xAccess = Access;
  sqlite3_vfs_register(&vfs_, 1);
}

FaultyVfs::~FaultyVfs() {
  auto* context = static_cast<Context*>(vfs_.pAppData);
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(context->real, 1);
  delete context;
}

}  // namespace nsobs
