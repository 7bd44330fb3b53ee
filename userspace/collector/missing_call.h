// System calls that a source is of and this architecture never had.
#pragma once

#include <string>
#include <string_view>

#include "absl/types/span.h"

namespace nsobs {

// How the reasons begin that WhyNoCall() gives: nothing is amiss then, and nothing goes unseen.
inline constexpr std::string_view kNoSuchCall = "this architecture has no ";

// Of the calls in ProgramTable() those that the architecture we are compiled for lacks: arm64 has
// openat() and no open(). Source: the kernel's include/uapi/asm-generic/unistd.h.
absl::Span<const std::string_view> MissingCalls();

// "this architecture has no open()" where `hook` is the tracepoint of a call in `missing`
// ("tracepoint/syscalls/sys_exit_open"), else empty.
std::string WhyNoCall(std::string_view hook,
                      absl::Span<const std::string_view> missing = MissingCalls());

}  // namespace nsobs
