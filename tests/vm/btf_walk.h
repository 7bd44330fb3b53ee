// Which instructions of a relocated program can run, as far as constants decide: libbpf turns a
// relocation that it can't resolve into a call that no kernel takes, and that is harmless where the
// program has asked first (bpf_core_field_exists() is a constant by then). Pure.
#pragma once

#include <linux/bpf.h>

#include <cstddef>
#include <cstdint>
#include <set>

#include "absl/types/span.h"

namespace nsobs {

struct Walked {
  std::set<size_t> poisoned;  // reached, with a relocation that could not be resolved
  bool declines = false;      // reaches refuse() of bpf/lib/maps.h: the program itself says no
  std::set<int32_t> helpers;  // enum bpf_func_id, of those that are reached
  size_t reached = 0;         // instructions
};

// `instructions`: the program with all its functions, as it would be loaded.
Walked WalkProgram(absl::Span<const bpf_insn> instructions);

}  // namespace nsobs
