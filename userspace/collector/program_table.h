// Which BPF programs serve which source of events: one row a source, with the hooks that it can be
// had by, the cheapest first. A source that none of them gives is off, visibly, and nothing else.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/types/span.h"

namespace nsobs {

// Which switch of the configuration a program hangs on.
enum class ProgramGroup : uint8_t { kAlways, kSyscallHooks, kIoUring, kFiles, kFileWrites, kDns };

// One way to have a source.
struct HookRow {
  std::string_view program;  // function name in bpf/; empty: there is no such way
  std::string_view hook;     // "fexit/__sys_connect"
  std::string_view cost;     // as ProgramRow::cost
};

struct ProgramRow {
  std::string_view source;   // what people call it
  std::string_view program;  // function name in bpf/
  std::string_view hook;     // "tp_btf/signal_generate"
  ProgramGroup group = ProgramGroup::kAlways;
  std::string_view cost;   // what it costs those who do nothing wrong
  std::string_view blind;  // what is not seen when it is off
  int beat = -1;           // enum nsobs_beat: it counts what the heartbeat does; -1: it doesn't
  HookRow better = {};     // costs less, and is taken where the kernel gives it
  HookRow probe = {};      // costs those who call it more, others nothing
  HookRow other = {};      // for kernels that don't give `hook`
  std::string_view needs =
      {};  // the first kernel that can have it, where that is not the first of all

  // Best first; those that there are.
  std::vector<HookRow> Hooks() const;
};

absl::Span<const ProgramRow> ProgramTable();

}  // namespace nsobs
