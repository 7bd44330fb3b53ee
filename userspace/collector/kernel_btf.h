// What types and functions the running kernel says that it has.
#pragma once

#include <bpf/btf.h>

#include <cstdint>
#include <memory>

namespace nsobs {

// Reads /sys/kernel/btf/vmlinux, once. Thread-compatible.
class KernelBtf {
 public:
  KernelBtf() : btf_(btf__load_vmlinux_btf()) {}

  bool ok() const { return btf_ != nullptr; }

  // The number of the type with this name and BTF_KIND_*; 0 or less: there is none, or no BTF.
  int Find(const char* name, uint32_t kind) const {
    return btf_ == nullptr ? 0 : btf__find_by_name_kind(btf_.get(), name, kind);
  }

 private:
  struct Free {
    void operator()(btf* b) const { btf__free(b); }
  };
  std::unique_ptr<btf, Free> btf_;
};

}  // namespace nsobs
