// What a kernel's BTF says of the place that a program wants to hook.
#pragma once

#include <bpf/btf.h>

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace nsobs {

// `section`: as libbpf names hooks, "tp_btf/signal_generate", "fexit/__sys_connect". What can be
// had there as "RESULT(ARGUMENT,...)", each argument as "struct task_struct*", "char*", "void*" or
// "int:4" (any number, with its bytes); empty for hooks without arguments of that kind. NOT_FOUND:
// this kernel has no such place.
absl::StatusOr<std::string> FindHook(const btf* kernel, std::string_view section);

}  // namespace nsobs
