#include "userspace/collector/hook_choice.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>

#include <algorithm>
#include <iterator>

#include "userspace/base/fd.h"
#include "userspace/base/status_util.h"
#include "userspace/collector/missing_call.h"

namespace nsobs {
namespace {

constexpr std::string_view kTracepoint = "tracepoint/";

// mov r0, 0; exit
constexpr bpf_insn kEmptyProgram[] = {
    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 0},
    {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
};

absl::Status TryFunction(const std::string& function, bpf_attach_type type) {
  const int id = libbpf_find_vmlinux_btf_id(function.c_str(), type);
  if (id < 0) return absl::NotFoundError("the kernel has no function " + function);
  bpf_prog_load_opts options{};
  options.sz = sizeof options;
  options.expected_attach_type = type;
  options.attach_btf_id = static_cast<uint32_t>(id);
  const UniqueFd program(bpf_prog_load(BPF_PROG_TYPE_TRACING, "nsobs_trial", "GPL", kEmptyProgram,
                                       std::size(kEmptyProgram), &options));
  if (!program.ok()) return ErrnoStatus(errno, "loading a program for " + function);
  const UniqueFd link(bpf_raw_tracepoint_open(nullptr, program.get()));
  if (!link.ok()) return ErrnoStatus(errno, "attaching a program to " + function);
  return absl::OkStatus();
}

}  // namespace

absl::Status FunctionTrial::Try(std::string_view hook) {
  const bool at_return = hook.starts_with("fexit/");
  if (!at_return && !hook.starts_with("fentry/")) return absl::OkStatus();
  if (!refused_.ok()) return refused_;
  const std::string function(hook.substr(hook.find('/') + 1));
  // One trial a function: what may be entered may be left.
  if (const auto it = known_.find(function); it != known_.end()) return it->second;
  const absl::Status status = TryFunction(function, at_return ? BPF_TRACE_FEXIT : BPF_TRACE_FENTRY);
  if (absl::IsPermissionDenied(status)) refused_ = status;
  known_.emplace(function, status);
  return status;
}

std::string_view ForcedHooks() {
  const char* kind = getenv("NSOBS_HOOKS");
  return kind != nullptr ? kind : "";
}

HookChoice ChooseHooks(const ProgramRow& row, std::string_view sparing, std::string_view forced,
                       FunctionTrial* trial) {
  HookChoice out;
  out.reason = WhyNoCall(row.hook);
  if (!out.reason.empty()) return out;
  std::vector<HookRow> hooks = row.Hooks();
  const auto is_forced = [&](const HookRow& hook) {
    return hook.hook.substr(0, hook.hook.find('/')) == forced;
  };
  if (!forced.empty() && std::any_of(hooks.begin(), hooks.end(), is_forced)) {
    std::erase_if(hooks, [&](const HookRow& hook) { return !is_forced(hook); });
  }
  for (const HookRow& hook : hooks) {
    if (!sparing.empty() && hook.hook.starts_with(kTracepoint)) {
      out.reason =
          out.reason.empty() ? std::string(sparing) : std::string(sparing) + "; " + out.reason;
      continue;
    }
    if (const absl::Status status = trial->Try(hook.hook); !status.ok()) {
      out.reason = std::string(status.message());
      continue;
    }
    out.rows.push_back(hook);
  }
  return out;
}

}  // namespace nsobs
