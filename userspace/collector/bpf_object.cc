#include "userspace/collector/bpf_object.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/btf.h>
#include <stdlib.h>

#include <algorithm>
#include <iterator>

#include "nsobs_old_bpf.skel.h"
#include "nsobs_preemptible_bpf.skel.h"
#include "userspace/collector/kernel_btf.h"

namespace nsobs {
namespace {

// The kernel's functions that the object for preemptible programs calls.
constexpr const char* kSwitches[] = {"bpf_preempt_disable", "bpf_preempt_enable",
                                     "bpf_local_irq_save", "bpf_local_irq_restore"};

bool CanForbidPreemption(const KernelBtf& kernel) {
  return std::all_of(std::begin(kSwitches), std::end(kSwitches),
                     [&](const char* name) { return kernel.Find(name, BTF_KIND_FUNC) > 0; });
}

// Tracepoints are protected by SRCU alone, preemption stays on (7.0): the per-CPU data of that
// domain is there. So it was in 6.12 and before, where it served those in idle code.
bool PreemptsTracepoints(const KernelBtf& kernel) {
  return kernel.Find("tracepoint_srcu_srcu_data", BTF_KIND_VAR) > 0;
}

}  // namespace

BpfObject ObjectOfThisKernel() {
  const char* set = getenv("NSOBS_OBJECT");
  const std::string_view asked = set == nullptr ? "" : set;
  if (asked == "plain") return BpfObject::kPlain;
  if (asked == "old") return BpfObject::kOld;
  // Not known counts as there: what is wrong shows as the object is loaded.
  const int has =
      libbpf_probe_bpf_helper(BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_FUNC_task_pt_regs, nullptr);
  if (has == 0) return BpfObject::kOld;
  const KernelBtf kernel;
  if (!CanForbidPreemption(kernel)) return BpfObject::kPlain;
  return asked == "preemptible" || PreemptsTracepoints(kernel) ? BpfObject::kPreemptible
                                                               : BpfObject::kPlain;
}

absl::Status TooOld() {
  return absl::FailedPreconditionError(
      "this kernel is too old: Linux 5.10 is the first that will do");
}

std::string_view ObjectBytes(BpfObject object) {
  size_t size = 0;
  const void* bytes = nullptr;
  switch (object) {
    case BpfObject::kPlain:
      bytes = nsobs_bpf::elf_bytes(&size);
      break;
    case BpfObject::kPreemptible:
      bytes = nsobs_preemptible_bpf::elf_bytes(&size);
      break;
    case BpfObject::kOld:
      bytes = nsobs_old_bpf::elf_bytes(&size);
      break;
  }
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
