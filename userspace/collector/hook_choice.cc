#include "userspace/collector/hook_choice.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "userspace/base/fd.h"
#include "userspace/base/status_util.h"
#include "userspace/collector/kernel_btf.h"
#include "userspace/collector/missing_call.h"

namespace nsobs {
namespace {

constexpr std::string_view kTracepoint = "tracepoint/";

// mov r0, 0; exit
constexpr bpf_insn kEmptyProgram[] = {
    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 0},
    {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
};

// Number of the kernel's source of kprobes for perf_event_open(), which differs from boot to boot.
// UNIMPLEMENTED where the kernel is built without.
absl::StatusOr<uint32_t> KprobeType() {
  std::ifstream file("/sys/bus/event_source/devices/kprobe/type");
  uint32_t type = 0;
  if (!(file >> type)) return absl::UnimplementedError("the kernel has no kprobes");
  return type;
}

// The bit of perf_event_attr::config that asks for the return: "config:0".
uint64_t ReturnBit() {
  std::ifstream file("/sys/bus/event_source/devices/kprobe/format/retprobe");
  std::string word;
  unsigned bit = 0;
  if (file >> word) sscanf(word.c_str(), "config:%u", &bit);
  return uint64_t{1} << (bit & 63);
}

absl::Status TryKprobe(const std::string& function, bool at_return) {
  NSOBS_ASSIGN_OR_RETURN(const uint32_t type, KprobeType());
  const UniqueFd program(bpf_prog_load(BPF_PROG_TYPE_KPROBE, "nsobs_trial", "GPL", kEmptyProgram,
                                       std::size(kEmptyProgram), nullptr));
  if (!program.ok()) return ErrnoStatus(errno, "loading a kprobe's program");
  perf_event_attr attr{};
  attr.type = type;
  attr.size = sizeof attr;
  attr.config = at_return ? ReturnBit() : 0;
  attr.kprobe_func = reinterpret_cast<uint64_t>(function.c_str());
  const UniqueFd event(
      static_cast<int>(syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!event.ok()) return ErrnoStatus(errno, "a kprobe on " + function);
  if (ioctl(event.get(), PERF_EVENT_IOC_SET_BPF, program.get()) != 0) {
    return ErrnoStatus(errno, "attaching a program to a kprobe on " + function);
  }
  return absl::OkStatus();
}

// Does a hook cost those who do nothing wrong so much that it goes with its switch? A kretprobe
// costs those alone who make the call; but there is hardly a program that does not open files.
bool IsDear(std::string_view hook, ProgramGroup group) {
  return hook.starts_with(kTracepoint) ||
         (group == ProgramGroup::kFiles && hook.starts_with("kretprobe/"));
}

bool IsForced(std::string_view hook, std::string_view kind) {
  const std::string_view own = hook.substr(0, hook.find('/'));
  return own == kind || (kind == "kprobe" && own == "kretprobe");
}

}  // namespace

FunctionTrial::FunctionTrial() = default;
FunctionTrial::~FunctionTrial() = default;

absl::Status FunctionTrial::TryTrampoline(const std::string& function, bool at_return) {
  const bpf_attach_type type = at_return ? BPF_TRACE_FEXIT : BPF_TRACE_FENTRY;
  const int id = Btf().Find(function.c_str(), BTF_KIND_FUNC);
  if (id <= 0) return absl::NotFoundError("the kernel has no function " + function);
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

// libbpf finds it so, and ends without a word of the verifier's where it is not there.
absl::Status FunctionTrial::FindTracepoint(const std::string& name) {
  if (!Btf().ok() || Btf().Find(("btf_trace_" + name).c_str(), BTF_KIND_TYPEDEF) > 0)
    return absl::OkStatus();
  return absl::NotFoundError("the kernel has no tracepoint " + name);
}

const KernelBtf& FunctionTrial::Btf() {
  if (btf_ == nullptr) btf_ = std::make_unique<KernelBtf>();
  return *btf_;
}

absl::Status FunctionTrial::Try(std::string_view hook) {
  const std::string_view kind = hook.substr(0, hook.find('/'));
  const std::string function(hook.substr(hook.find('/') + 1));
  if (kind == "fentry" || kind == "fexit") {
    return TryIn(trampolines_, function, [&] { return TryTrampoline(function, kind == "fexit"); });
  }
  if (kind == "tp_btf") return FindTracepoint(function);
  if (kind == "kprobe" || kind == "kretprobe") {
    return TryIn(kprobes_, function, [&] { return TryKprobe(function, kind == "kretprobe"); });
  }
  return absl::OkStatus();
}

absl::Status FunctionTrial::TryIn(Family& family, const std::string& function,
                                  const Attempt& attempt) {
  if (!family.refused.ok()) return family.refused;
  // One trial a function: what may be entered may be left.
  if (const auto it = family.known.find(function); it != family.known.end()) return it->second;
  const absl::Status status = attempt();
  if (absl::IsPermissionDenied(status) || absl::IsUnimplemented(status)) family.refused = status;
  family.known.emplace(function, status);
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
  const auto is_forced = [&](const HookRow& hook) { return IsForced(hook.hook, forced); };
  if (!forced.empty() && std::any_of(hooks.begin(), hooks.end(), is_forced)) {
    std::erase_if(hooks, [&](const HookRow& hook) { return !is_forced(hook); });
  }
  for (const HookRow& hook : hooks) {
    // Where fexit was just seen to work, nothing of the kernel's code is patched for a trial of
    // what is worse.
    if (IsForced(hook.hook, "kprobe") && !out.rows.empty()) continue;
    if (!sparing.empty() && IsDear(hook.hook, row.group)) {
      if (!absl::StartsWith(out.reason, absl::string_view(sparing.data(), sparing.size()))) {
        out.reason =
            out.reason.empty() ? std::string(sparing) : std::string(sparing) + "; " + out.reason;
      }
      continue;
    }
    if (const absl::Status status = trial->Try(hook.hook); !status.ok()) {
      if (!out.reason.empty()) out.reason += "; ";
      out.reason += std::string(status.message());
      continue;
    }
    out.rows.push_back(hook);
  }
  return out;
}

}  // namespace nsobs
