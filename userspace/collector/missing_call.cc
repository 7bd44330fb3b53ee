#include "userspace/collector/missing_call.h"

#include <sys/syscall.h>

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"

namespace nsobs {
namespace {

constexpr std::string_view kEntry = "tracepoint/syscalls/sys_enter_";
constexpr std::string_view kReturn = "tracepoint/syscalls/sys_exit_";

// They came and went together: __ARCH_WANT_SYSCALL_NO_AT, and renameat() later by itself.
#ifndef SYS_open
constexpr std::array<std::string_view, 6> kOld = {"open",   "creat", "mkdir",
                                                  "unlink", "rmdir", "rename"};
#else
constexpr std::array<std::string_view, 0> kOld = {};
#endif

}  // namespace

absl::Span<const std::string_view> MissingCalls() { return kOld; }

std::string WhyNoCall(std::string_view hook, absl::Span<const std::string_view> missing) {
  for (const std::string_view side : {kEntry, kReturn}) {
    if (!hook.starts_with(side)) continue;
    const std::string_view call = hook.substr(side.size());
    if (std::find(missing.begin(), missing.end(), call) == missing.end()) continue;
    return absl::StrCat(std::string(kNoSuchCall), std::string(call), "()");
  }
  return "";
}

}  // namespace nsobs
