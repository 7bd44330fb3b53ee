#include "tests/unit/timeline/faulty_vfs.h"

namespace nsobs {
namespace {

struct Context {
  sqlite3_vfs* real;
  FaultPlan* plan;
};

// SQLite allocates it with room for the real file behind it.
struct FaultyFile {
  sqlite3_file base;
  Context* context;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

FaultyFile* Self(sqlite3_file* file) { return reinterpret_cast<FaultyFile*>(file); }
sqlite3_file* Real(sqlite3_file* file) { return Self(file)->real(); }

// The call goes on to the real file.
#define NSOBS_FORWARD(method, ...) Real(file)->pMethods->method(Real(file), ##__VA_ARGS__)

int Close(sqlite3_file* file) { return NSOBS_FORWARD(xClose); }
int Read(sqlite3_file* file, void* to, int n, sqlite3_int64 at) {
  return NSOBS_FORWARD(xRead, to, n, at);
}
int Write(sqlite3_file* file, const void* from, int n, sqlite3_int64 at) {
  FaultPlan* plan = Self(file)->context->plan;
  return plan->Fails() ? plan->error : NSOBS_FORWARD(xWrite, from, n, at);
}
int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  FaultPlan* plan = Self(file)->context->plan;
  return plan->Fails() ? plan->error : NSOBS_FORWARD(xTruncate, size);
}
int Sync(sqlite3_file* file, int flags) {
  FaultPlan* plan = Self(file)->context->plan;
  return plan->Fails() ? plan->error : NSOBS_FORWARD(xSync, flags);
}
int FileSize(sqlite3_file* file, sqlite3_int64* size) { return NSOBS_FORWARD(xFileSize, size); }
int Lock(sqlite3_file* file, int level) { return NSOBS_FORWARD(xLock, level); }
int Unlock(sqlite3_file* file, int level) { return NSOBS_FORWARD(xUnlock, level); }
int CheckLock(sqlite3_file* file, int* out) { return NSOBS_FORWARD(xCheckReservedLock, out); }
int Control(sqlite3_file* file, int op, void* arg) { return NSOBS_FORWARD(xFileControl, op, arg); }
int SectorSize(sqlite3_file* file) { return NSOBS_FORWARD(xSectorSize); }
int Characteristics(sqlite3_file* file) { return NSOBS_FORWARD(xDeviceCharacteristics); }
int ShmMap(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return NSOBS_FORWARD(xShmMap, page, size, extend, out);
}
int ShmLock(sqlite3_file* file, int at, int n, int flags) {
  return NSOBS_FORWARD(xShmLock, at, n, flags);
}
void ShmBarrier(sqlite3_file* file) { NSOBS_FORWARD(xShmBarrier); }
int ShmUnmap(sqlite3_file* file, int remove) { return NSOBS_FORWARD(xShmUnmap, remove); }

constexpr sqlite3_io_methods kMethods = {
    2,        Close,     Read,    Write,      Truncate,        Sync,   FileSize, Lock,
    Unlock,   CheckLock, Control, SectorSize, Characteristics, ShmMap, ShmLock,  ShmBarrier,
    ShmUnmap, nullptr,   nullptr};

int Open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
  auto* context = static_cast<Context*>(vfs->pAppData);
  Self(file)->context = context;
  const int code = context->real->xOpen(context->real, name, Real(file), flags, out_flags);
  file->pMethods = code == SQLITE_OK ? &kMethods : nullptr;
  return code;
}

}  // namespace

FaultyVfs::FaultyVfs(FaultPlan* plan) {
  sqlite3_vfs* real = sqlite3_vfs_find(nullptr);
  vfs_ = *real;
  vfs_.zName = "faulty";
  vfs_.pNext = nullptr;
  vfs_.szOsFile = static_cast<int>(sizeof(FaultyFile)) + real->szOsFile;
  vfs_.pAppData = new Context{real, plan};
  vfs_.xOpen = Open;
  sqlite3_vfs_register(&vfs_, 1);
}

FaultyVfs::~FaultyVfs() {
  auto* context = static_cast<Context*>(vfs_.pAppData);
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(context->real, 1);
  delete context;
}

}  // namespace nsobs
