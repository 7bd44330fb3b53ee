#include "userspace/snapshot/sealed_open.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <new>

namespace nsobs {
namespace {

constexpr size_t kPage = 4096;

const open_how* MakePage() {
  void* page = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return nullptr;
  auto* how = new (page) open_how{};
  how->flags = O_PATH | O_CLOEXEC;
  how->resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_CACHED;
  mprotect(page, kPage, PROT_READ);
  return how;
}

}  // namespace

const open_how* SealedCachedOpen() {
  static const open_how* const page = MakePage();
  return page;
}

}  // namespace nsobs
