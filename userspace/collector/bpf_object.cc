#include "userspace/collector/bpf_object.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "nsobs_old_bpf.skel.h"

namespace nsobs {

BpfObject ObjectOfThisKernel() {
  const char* asked = getenv("NSOBS_OBJECT");
  if (asked != nullptr && std::string_view(asked) == "old") return BpfObject::kOld;
  // Not known counts as today's: what is wrong shows as that is loaded.
  const int has =
      libbpf_probe_bpf_helper(BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_FUNC_task_pt_regs, nullptr);
  return has == 0 ? BpfObject::kOld : BpfObject::kCurrent;
}

absl::Status TooOld() {
  return absl::FailedPreconditionError(
      "this kernel is too old: Linux 5.10 is the first that will do");
}

std::string_view ObjectBytes(BpfObject object) {
  size_t size = 0;
  const void* bytes =
      object == BpfObject::kOld ? nsobs_old_bpf::elf_bytes(&size) : nsobs_bpf::elf_bytes(&size);
  return {static_cast<const char*>(bytes), size};
}

// As bpftool's open() does it, but for which bytes.
Skeleton OpenSkeleton(BpfObject object) {
  Skeleton out(static_cast<nsobs_bpf*>(calloc(1, sizeof(nsobs_bpf))));
  int error = out == nullptr ? -ENOMEM : nsobs_bpf__create_skeleton(out.get());
  if (error == 0) {
    const std::string_view bytes = ObjectBytes(object);
    out->skeleton->data = bytes.data();
    out->skeleton->data_sz = bytes.size();
    error = bpf_object__open_skeleton(out->skeleton, nullptr);
  }
  if (error == 0) return out;
  out.reset();
  errno = -error;
  return nullptr;
}

}  // namespace nsobs
