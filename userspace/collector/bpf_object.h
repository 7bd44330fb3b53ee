// Our BPF objects, of the same sources: as they are, for kernels that preempt a tracepoint's
// programs (bpf/lib/program.h) and for kernels before 5.15 (bpf/lib/task.h). They have the same
// maps and programs, so that one skeleton serves all.
#pragma once

#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "bpf/event_abi.h"  // which the skeleton needs
#include "nsobs_bpf.skel.h"

namespace nsobs {

struct DestroySkeleton {
  void operator()(nsobs_bpf* skeleton) const { nsobs_bpf::destroy(skeleton); }
};
using Skeleton = std::unique_ptr<nsobs_bpf, DestroySkeleton>;

enum class BpfObject { kPlain, kPreemptible, kOld };

// Which of them this kernel takes. kOld: it has no bpf_task_pt_regs(), by trial. kPreemptible: by
// its BTF it preempts a tracepoint's programs, and has what forbids that. NSOBS_OBJECT=plain,
// =preemptible (where the kernel can) or =old in the environment says which, for tests.
BpfObject ObjectOfThisKernel();

// What is said where neither will do. 5.10 is the first that runs a raw tracepoint's program when
// it is asked to, as the self-test does.
absl::Status TooOld();

// Opened, with nothing loaded; nullptr and errno on failure.
Skeleton OpenSkeleton(BpfObject object);

// The ELF file itself, which lives as long as the program.
std::string_view ObjectBytes(BpfObject object);

}  // namespace nsobs
