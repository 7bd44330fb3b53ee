// Which BPF program serves which source of events: one row each. A program that can't be loaded or
// attached switches its source off, visibly, and nothing else.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/types/span.h"

namespace nsobs {

// Which switch of the configuration a program hangs on.
enum class ProgramGroup : uint8_t { kAlways, kSyscallHooks, kIoUring, kFiles, kDns };

struct ProgramRow {
  std::string_view source;   // what people call it
  std::string_view program;  // function name in bpf/
  std::string_view hook;     // "tp_btf/signal_generate"
  ProgramGroup group = ProgramGroup::kAlways;
  std::string_view cost;   // what it costs those who do nothing wrong
  std::string_view blind;  // what is not seen when it is off
  int beat = -1;           // enum nsobs_beat: it counts what the heartbeat does; -1: it doesn't
};

absl::Span<const ProgramRow> ProgramTable();

}  // namespace nsobs
