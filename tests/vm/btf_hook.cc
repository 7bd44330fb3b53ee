#include "tests/vm/btf_hook.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace nsobs {
namespace {

// Past const, volatile, typedefs and type tags.
const btf_type* Resolve(const btf* kernel, uint32_t id) {
  const btf_type* type = btf__type_by_id(kernel, id);
  while (type != nullptr && (btf_is_mod(type) || btf_is_typedef(type) || btf_is_type_tag(type))) {
    type = btf__type_by_id(kernel, type->type);
  }
  return type;
}

std::string NameOf(const btf* kernel, const btf_type* type) {
  return btf__name_by_offset(kernel, type->name_off);
}

std::string Pointee(const btf* kernel, uint32_t id) {
  const btf_type* type = Resolve(kernel, id);
  if (type == nullptr || btf_is_void(type)) return "void*";
  if (btf_is_struct(type) || (btf_is_fwd(type) && !btf_kflag(type))) {
    return absl::StrCat("struct ", NameOf(kernel, type), "*");
  }
  if (btf_is_int(type) && type->size == 1) return "char*";
  return "other*";
}

std::string Describe(const btf* kernel, uint32_t id) {
  if (id == 0) return "void";
  const btf_type* type = Resolve(kernel, id);
  if (type == nullptr) return "void";
  if (btf_is_ptr(type)) return Pointee(kernel, type->type);
  if (btf_is_int(type) || btf_is_any_enum(type)) return absl::StrCat("int:", type->size);
  return "other";
}

// The first `skipped` arguments are not the program's.
std::string Prototype(const btf* kernel, uint32_t id, int skipped) {
  const btf_type* proto = Resolve(kernel, id);
  if (proto == nullptr || !btf_is_func_proto(proto)) return "";
  std::string out = Describe(kernel, proto->type) + "(";
  for (int i = skipped; i < btf_vlen(proto); ++i) {
    absl::StrAppend(&out, i > skipped ? "," : "", Describe(kernel, btf_params(proto)[i].type));
  }
  return out + ")";
}

absl::StatusOr<std::string> Function(const btf* kernel, absl::string_view name) {
  const int id = btf__find_by_name_kind(kernel, std::string(name).c_str(), BTF_KIND_FUNC);
  if (id < 0) return absl::NotFoundError(absl::StrCat("no function ", name));
  return Prototype(kernel, btf__type_by_id(kernel, static_cast<uint32_t>(id))->type, 0);
}

absl::StatusOr<std::string> Tracepoint(const btf* kernel, absl::string_view name) {
  const std::string type = absl::StrCat("btf_trace_", name);
  const int id = btf__find_by_name_kind(kernel, type.c_str(), BTF_KIND_TYPEDEF);
  if (id < 0) return absl::NotFoundError(absl::StrCat("no tracepoint ", name));
  const btf_type* pointer = Resolve(kernel, static_cast<uint32_t>(id));
  return Prototype(kernel, pointer->type, 1);  // behind the data that it was registered with
}

// Is `member` of a type of this name where lib/types.h has it?
bool HasMemberAt(const btf* kernel, const btf_type* type, absl::string_view member,
                 uint32_t bytes) {
  for (uint32_t i = 0; i < btf_vlen(type); ++i) {
    if (btf__name_by_offset(kernel, btf_members(type)[i].name_off) != member) continue;
    return btf_member_bit_offset(type, i) == bytes * 8;
  }
  return false;
}

// What a program on a syscall's tracepoint gets is not the event's record but this, of which there
// are two: perf_call_bpf_enter(), perf_call_bpf_exit() in kernel/trace/trace_syscalls.c. (They are
// laid out otherwise in the real-time kernel of 6.1.)
bool HasSyscallContext(const btf* kernel, absl::string_view member) {
  for (uint32_t id = 1; id < btf__type_cnt(kernel); ++id) {
    const btf_type* type = btf__type_by_id(kernel, id);
    if (btf_is_struct(type) && NameOf(kernel, type) == "syscall_tp_t" &&
        HasMemberAt(kernel, type, member, 16)) {
      return true;
    }
  }
  return false;
}

// "sys_exit_setns"
absl::StatusOr<std::string> SyscallTracepoint(const btf* kernel, absl::string_view name) {
  const bool enter = absl::ConsumePrefix(&name, "sys_enter_");
  if (!enter && !absl::ConsumePrefix(&name, "sys_exit_")) {
    return absl::NotFoundError("no syscall tracepoint");
  }
  if (!HasSyscallContext(kernel, enter ? "args" : "ret")) {
    return absl::NotFoundError("no syscall tracepoints, or they are laid out otherwise");
  }
  for (const char* prefix : {"__x64_sys_", "__arm64_sys_"}) {
    if (Function(kernel, absl::StrCat(prefix, name)).ok()) return "";
  }
  return absl::NotFoundError(absl::StrCat("no syscall ", name));
}

}  // namespace

absl::StatusOr<std::string> FindHook(const btf* kernel, std::string_view section) {
  absl::string_view rest(section.data(), section.size());
  if (absl::ConsumePrefix(&rest, "tp_btf/")) return Tracepoint(kernel, rest);
  if (absl::ConsumePrefix(&rest, "tracepoint/syscalls/")) return SyscallTracepoint(kernel, rest);
  if (absl::ConsumePrefix(&rest, "iter/")) {
    return Function(kernel, absl::StrCat("bpf_iter_", rest));
  }
  for (const char* kind : {"fentry/", "fexit/", "kprobe/", "kretprobe/"}) {
    if (absl::ConsumePrefix(&rest, kind)) return Function(kernel, rest);
  }
  return "";  // cgroup_skb, test runs: by the program's type alone
}

}  // namespace nsobs
