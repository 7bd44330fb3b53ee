// Which of its hooks a source gets in this kernel.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "userspace/collector/program_table.h"

namespace nsobs {

class KernelBtf;

// May a function of the kernel be hooked, by fentry and fexit or by kprobes? Asked by loading and
// attaching a program that does nothing: BTF may name a function that can't be traced, some
// architectures refuse only when it is attached (fexit on arm64 before 6.4), and some kernels
// refuse all of it. One thread.
class FunctionTrial {
 public:
  FunctionTrial();
  ~FunctionTrial();
  FunctionTrial(const FunctionTrial&) = delete;
  FunctionTrial& operator=(const FunctionTrial&) = delete;

  // "fexit/__sys_connect", "tp_btf/signal_generate": OK, NOT_FOUND if there is no such function or
  // tracepoint, else the kernel's reason.
  // Hooks of other kinds are OK: what they need, their own load shows.
  absl::Status Try(std::string_view hook);

 private:
  struct Family {
    std::map<std::string, absl::Status, std::less<>> known;
    absl::Status refused;  // nothing of the kind is permitted here
  };
  using Attempt = std::function<absl::Status()>;
  absl::Status TryIn(Family& family, const std::string& function, const Attempt& attempt);
  absl::Status TryTrampoline(const std::string& function, bool at_return);
  absl::Status FindTracepoint(const std::string& name);
  const KernelBtf& Btf();

  Family trampolines_, kprobes_;
  std::unique_ptr<KernelBtf> btf_;  // read once, when it is first asked: that takes some 10 ms
};

// What the environment variable NSOBS_HOOKS says, by which tests try each kind: "fexit",
// "kprobe", "tracepoint". Empty: the cheapest that the kernel permits.
std::string_view ForcedHooks();

// The hooks of one source that may be tried, best first.
struct HookChoice {
  std::vector<HookRow> rows;
  std::string reason;  // why there is none, or why the first ones are not among them
};

// `sparing`: the words of the option by which hooks that cost every syscall are not permitted, nor
// a kretprobe on the calls for files; empty: they are. `forced`: "fexit", "kprobe" (kretprobes
// too), "tracepoint": where the source has such a hook, that and no other; empty: any.
HookChoice ChooseHooks(const ProgramRow& row, std::string_view sparing, std::string_view forced,
                       FunctionTrial* trial);

}  // namespace nsobs
