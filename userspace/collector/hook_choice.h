// Which of its hooks a source gets in this kernel.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "userspace/collector/program_table.h"

namespace nsobs {

// May a function of the kernel be hooked? Asked by loading and attaching a program that does
// nothing: BTF may name a function that can't be traced, some architectures refuse only when it is
// attached, and some kernels refuse all of it. One thread.
class FunctionTrial {
 public:
  // "fexit/__sys_connect": OK, NOT_FOUND if there is no such function, else the kernel's reason.
  // Hooks of other kinds are OK: what they need, their own load shows.
  absl::Status Try(std::string_view hook);

 private:
  std::map<std::string, absl::Status, std::less<>> known_;
  absl::Status refused_;  // nothing of the kind is permitted here
};

// What the environment variable NSOBS_HOOKS says, by which tests try each kind: "fexit",
// "tracepoint". Empty: the cheapest that the kernel permits.
std::string_view ForcedHooks();

// The hooks of one source that may be tried, best first.
struct HookChoice {
  std::vector<HookRow> rows;
  std::string reason;  // why there is none, or why the first ones are not among them
};

// `sparing`: the words of the option by which hooks that cost every syscall are not permitted;
// empty: they are. `forced`: "fexit", "tracepoint":
// where the source has such a hook, that and no other; empty: any.
HookChoice ChooseHooks(const ProgramRow& row, std::string_view sparing, std::string_view forced,
                       FunctionTrial* trial);

}  // namespace nsobs
