// Our two BPF objects, of the same sources: for the kernel as it is today, and for kernels before
// 5.15 (bpf/lib/task.h). Both have the same maps and programs, so that one skeleton serves both.
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

enum class BpfObject { kCurrent, kOld };

// Which of them this kernel takes: asked by loading a program that calls bpf_task_pt_regs(), the
// newest helper that every kernel of today has and the old object does without. NSOBS_OBJECT=old in
// the environment says so for any kernel, by which tests try it.
BpfObject ObjectOfThisKernel();

// What is said where neither will do. 5.10 is the first that runs a raw tracepoint's program when
// it is asked to, as the self-test does.
absl::Status TooOld();

// Opened, with nothing loaded; nullptr and errno on failure.
Skeleton OpenSkeleton(BpfObject object);

// The ELF file itself, which lives as long as the program.
std::string_view ObjectBytes(BpfObject object);

}  // namespace nsobs
