// bench_empty: programs that return at once, on every hook that the daemon uses by default and
// attached as the daemon attaches its own. What they cost is the price of the hooks themselves.
// Prints "ready" and stays until its standard input ends.
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "userspace/base/fd.h"
#include "userspace/base/status_util.h"
#include "userspace/collector/program_table.h"
#include "userspace/collector/tracepoint_id.h"
#include "userspace/collector/unified_root.h"

namespace nsobs::bench {
namespace {

// mov r0, 0; exit
constexpr bpf_insn kReturnAtOnce[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0},
                                      {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
// mov r0, 1; exit: from a cgroup's program 0 would mean that the packet is dropped
constexpr bpf_insn kLetThrough[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1},
                                    {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};

absl::StatusOr<UniqueFd> LoadEmpty(bpf_prog_type type, const bpf_prog_load_opts* opts) {
  const bpf_insn* body = type == BPF_PROG_TYPE_CGROUP_SKB ? kLetThrough : kReturnAtOnce;
  UniqueFd fd(bpf_prog_load(type, "bench_empty", "GPL", body, 2, opts));
  if (!fd.ok()) return ErrnoStatus(errno, "loading an empty program");
  return fd;
}

// The returned handles keep it attached.
absl::Status AttachTypedTracepoint(const std::string& name, std::vector<UniqueFd>* handles) {
  const int id = libbpf_find_vmlinux_btf_id(name.c_str(), BPF_TRACE_RAW_TP);
  if (id < 0) return absl::NotFoundError("tracepoint " + name);
  bpf_prog_load_opts opts{};
  opts.sz = sizeof opts;
  opts.expected_attach_type = BPF_TRACE_RAW_TP;
  opts.attach_btf_id = static_cast<uint32_t>(id);
  NSOBS_ASSIGN_OR_RETURN(UniqueFd program, LoadEmpty(BPF_PROG_TYPE_TRACING, &opts));
  UniqueFd link(bpf_raw_tracepoint_open(nullptr, program.get()));
  if (!link.ok()) return ErrnoStatus(errno, "attaching to " + name);
  handles->push_back(std::move(program));
  handles->push_back(std::move(link));
  return absl::OkStatus();
}

absl::Status AttachNamedTracepoint(const TracepointIds& ids, const std::string& name,
                                   std::vector<UniqueFd>* handles) {
  perf_event_attr attr{};
  attr.type = PERF_TYPE_TRACEPOINT;
  attr.size = sizeof attr;
  NSOBS_ASSIGN_OR_RETURN(const int id, ids.Get(name));
  attr.config = static_cast<uint64_t>(id);
  UniqueFd event(
      static_cast<int>(syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!event.ok()) return ErrnoStatus(errno, "perf_event_open " + name);
  NSOBS_ASSIGN_OR_RETURN(UniqueFd program, LoadEmpty(BPF_PROG_TYPE_TRACEPOINT, nullptr));
  UniqueFd link(bpf_link_create(program.get(), event.get(), BPF_PERF_EVENT, nullptr));
  if (!link.ok()) return ErrnoStatus(errno, "attaching to " + name);
  handles->push_back(std::move(event));
  handles->push_back(std::move(program));
  handles->push_back(std::move(link));
  return absl::OkStatus();
}

absl::Status AttachCgroup(int root, bpf_attach_type direction, std::vector<UniqueFd>* handles) {
  bpf_prog_load_opts opts{};
  opts.sz = sizeof opts;
  opts.expected_attach_type = direction;
  NSOBS_ASSIGN_OR_RETURN(UniqueFd program, LoadEmpty(BPF_PROG_TYPE_CGROUP_SKB, &opts));
  UniqueFd link(bpf_link_create(program.get(), root, direction, nullptr));
  if (!link.ok()) return ErrnoStatus(errno, "attaching to the root cgroup");
  handles->push_back(std::move(program));
  handles->push_back(std::move(link));
  return absl::OkStatus();
}

absl::Status AttachAll(std::vector<UniqueFd>* handles) {
  NSOBS_ASSIGN_OR_RETURN(const TracepointIds ids, TracepointIds::Open());
  NSOBS_ASSIGN_OR_RETURN(const UniqueFd root, OpenUnifiedRoot());
  for (const ProgramRow& row : ProgramTable()) {
    absl::string_view hook(row.hook.data(), row.hook.size());
    // These run only when they are read, or when somebody runs them.
    if (absl::StartsWith(hook, "iter/") || hook == "test_run") continue;
    // Off, with the rest of the files, where they cost anything.
    if (row.group == ProgramGroup::kFiles || row.group == ProgramGroup::kFileWrites) continue;
    if (absl::ConsumePrefix(&hook, "tp_btf/")) {
      NSOBS_RETURN_IF_ERROR(AttachTypedTracepoint(std::string(hook), handles));
    } else if (absl::ConsumePrefix(&hook, "tracepoint/")) {
      NSOBS_RETURN_IF_ERROR(AttachNamedTracepoint(ids, std::string(hook), handles));
    } else if (hook == "cgroup_skb/ingress") {
      NSOBS_RETURN_IF_ERROR(AttachCgroup(root.get(), BPF_CGROUP_INET_INGRESS, handles));
    } else if (hook == "cgroup_skb/egress") {
      NSOBS_RETURN_IF_ERROR(AttachCgroup(root.get(), BPF_CGROUP_INET_EGRESS, handles));
    } else {
      return absl::UnimplementedError("how to attach " + std::string(hook));
    }
  }
  return absl::OkStatus();
}

int Main() {
  std::vector<UniqueFd> handles;
  if (absl::Status status = AttachAll(&handles); !status.ok()) {
    fprintf(stderr, "bench_empty: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  puts("ready");
  fflush(stdout);
  char ignored;
  while (read(STDIN_FILENO, &ignored, 1) > 0) {
  }
  return 0;
}

}  // namespace
}  // namespace nsobs::bench

int main() { return nsobs::bench::Main(); }
