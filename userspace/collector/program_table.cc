#include "userspace/collector/program_table.h"

#include "bpf/event_abi.h"

namespace nsobs {
namespace {

using G = ProgramGroup;

constexpr std::string_view kSyscallCost =
    "every syscall of the host: about 50-80 ns (once for all)";
constexpr std::string_view kFileCost =
    "each such call: about 25-50 ns, refused about 400 ns; every syscall of the host: about 50-80 "
    "ns (once for all)";
constexpr std::string_view kNothing = "nothing";
constexpr std::string_view kDnsBlind = "DNS: no answer, SERVFAIL, REFUSED";

constexpr std::string_view kCallCost = "each such call: about 10-20 ns; other calls: nothing";
// As counted in a guest (tests/README.md, "Kernels"): on x86, where kprobes are by ftrace.
constexpr std::string_view kProbeCost =
    "each such call: about 300 instructions, more where a kprobe is a trap; other calls: nothing";
constexpr std::string_view kFileCallCost =
    "each such call: about 10-20 ns, refused about 350 ns; other calls: nothing";

// What the kernel's wrapper of a syscall is called; arch/*/include/asm/syscall_wrapper.h.
#if defined(__aarch64__)
#define SYSCALL "__arm64_sys_"
#else
#define SYSCALL "__x64_sys_"
#endif
// The two hooks that cost other calls nothing, the better first.
#define CALLED(name)                                              \
  {"nsobs_" name "_fentry", "fentry/" SYSCALL name, kCallCost}, { \
    "nsobs_" name "_kprobe", "kprobe/" SYSCALL name, kProbeCost   \
  }
#define RETURNED(name)                                                \
  {"nsobs_" name "_fexit", "fexit/" SYSCALL name, kCallCost}, {       \
    "nsobs_" name "_kretprobe", "kretprobe/" SYSCALL name, kProbeCost \
  }
#define FILE_RETURNED(name)                                           \
  {"nsobs_" name "_fexit", "fexit/" SYSCALL name, kFileCallCost}, {   \
    "nsobs_" name "_kretprobe", "kretprobe/" SYSCALL name, kProbeCost \
  }

constexpr ProgramRow kTable[] = {
    {"host_scan", "nsobs_host_task", "iter/task", G::kAlways, kNothing,
     "what runs already, at the start and at each reconciliation; off: /proc is walked instead"},
    {"signal_generate", "nsobs_signal_generate", "tp_btf/signal_generate", G::kAlways,
     "each signal sent", "signals: sent, ignored, blocked", NSOBS_BEAT_SIGNAL_GENERATE},
    {"signal_deliver", "nsobs_signal_deliver", "tp_btf/signal_deliver", G::kAlways,
     "each signal taken", "signals: taken by the target", NSOBS_BEAT_SIGNAL_DELIVER},
    {"tcp_connect", "nsobs_tcp_state", "tp_btf/inet_sock_set_state", G::kAlways,
     "each change of a TCP socket's state: a compare", "TCP connects", NSOBS_BEAT_TCP_CONNECT},
    {"tcp_error",
     "nsobs_tcp_error",
     "tp_btf/inet_sk_error_report",
     G::kAlways,
     "each ICMP error",
     "ICMP errors of TCP connects that the caller gives up on",
     -1,
     {},
     {},
     {"nsobs_tcp_error_fentry", "fentry/sock_def_error_report", "each error of a socket"}},
    {"tcp_end", "nsobs_tcp_end", "tp_btf/tcp_destroy_sock", G::kAlways,
     "each end of a TCP socket: about 30 ns",
     "TCP connects whose end an interrupt hid: they stay in flight"},
    {"udp_error",
     "nsobs_udp_error",
     "tp_btf/inet_sk_error_report",
     G::kAlways,
     "each ICMP error",
     "ICMP errors that come back for UDP",
     -1,
     {},
     {},
     {"nsobs_udp_error_fentry", "fentry/sock_def_error_report", "each error of a socket"}},
    {"connect_call",
     "nsobs_connect_enter",
     "tracepoint/syscalls/sys_enter_connect",
     G::kSyscallHooks,
     kSyscallCost,
     "connects that fail at once: no route, denied, unix, UDP",
     NSOBS_BEAT_CONNECT_CALL,
     {"nsobs_connect_fentry", "fentry/__sys_connect", kCallCost},
     {"nsobs_connect_kprobe", "kprobe/__sys_connect", kProbeCost}},
    {"connect_return",
     "nsobs_connect_exit",
     "tracepoint/syscalls/sys_exit_connect",
     G::kSyscallHooks,
     kSyscallCost,
     "connects that fail at once: no route, denied, unix, UDP",
     NSOBS_BEAT_CONNECT_RETURN,
     {"nsobs_connect_fexit", "fexit/__sys_connect", kCallCost},
     {"nsobs_connect_kretprobe", "kretprobe/__sys_connect", kProbeCost}},
    {"connect_io_uring",
     "nsobs_io_uring_complete",
     "tp_btf/io_uring_complete",
     G::kIoUring,
     "each completion of io_uring: a compare",
     "connects of io_uring that fail at once",
     -1,
     {},
     {},
     {"nsobs_io_uring_result", "tp_btf/io_uring_complete",
      "each completion of io_uring: a compare"},
     "Linux 5.19, whose completions say whose they are"},
    {"setns_call", "nsobs_setns_enter", "tracepoint/syscalls/sys_enter_setns", G::kSyscallHooks,
     kSyscallCost, "setns", NSOBS_BEAT_SETNS_CALL, CALLED("setns")},
    {"setns_return", "nsobs_setns_exit", "tracepoint/syscalls/sys_exit_setns", G::kSyscallHooks,
     kSyscallCost, "setns", NSOBS_BEAT_SETNS_RETURN, RETURNED("setns")},
    {"unshare_call", "nsobs_unshare_enter", "tracepoint/syscalls/sys_enter_unshare",
     G::kSyscallHooks, kSyscallCost, "unshare", NSOBS_BEAT_UNSHARE_CALL, CALLED("unshare")},
    {"unshare_return", "nsobs_unshare_exit", "tracepoint/syscalls/sys_exit_unshare",
     G::kSyscallHooks, kSyscallCost, "unshare", NSOBS_BEAT_UNSHARE_RETURN, RETURNED("unshare")},
    {"clone", "nsobs_newtask", "tp_btf/task_newtask", G::kAlways, "each new task: a compare",
     "clone with new namespaces", NSOBS_BEAT_CLONE},
    {"clone_failure", "nsobs_clone_exit", "tracepoint/syscalls/sys_exit_clone", G::kSyscallHooks,
     kSyscallCost, "clone with new namespaces that failed", NSOBS_BEAT_CLONE_FAILURE,
     RETURNED("clone")},
    {"clone3_failure", "nsobs_clone3_exit", "tracepoint/syscalls/sys_exit_clone3", G::kSyscallHooks,
     kSyscallCost, "clone3 with new namespaces that failed", NSOBS_BEAT_CLONE3_FAILURE,
     RETURNED("clone3")},
    {"oom_kill",
     "nsobs_mark_victim",
     "tp_btf/mark_victim",
     G::kAlways,
     kNothing,
     "OOM kills",
     -1,
     {},
     {},
     {"nsobs_oom_kill", "fentry/__oom_kill_process", kNothing}},
    {"cgroup_birth", "nsobs_cgroup_mkdir", "tp_btf/cgroup_mkdir", G::kAlways, kNothing,
     "names of containers that live less than the reconciliation's interval"},
    {"cgroup_death", "nsobs_cgroup_rmdir", "tp_btf/cgroup_rmdir", G::kAlways, kNothing,
     "ends of containers, until the next reconciliation"},
    {"exec", "nsobs_exec", "tp_btf/sched_process_exec", G::kAlways, "each exec",
     "command lines, starts of containers"},
    {"exit", "nsobs_exit", "tp_btf/sched_process_exit", G::kAlways, "each exit",
     "ends of containers with their exit code"},
    {"packet_drop",
     "nsobs_packet_drop",
     "tp_btf/kfree_skb",
     G::kAlways,
     "each packet that the kernel drops: about 50 ns; that the packet filter drops: about 420 ns",
     "packets that the packet filter drops",
     -1,
     {},
     {},
     {},
     "Linux 5.18, which says why it drops a packet"},
    {"bind_call", "nsobs_bind_enter", "tracepoint/syscalls/sys_enter_bind", G::kSyscallHooks,
     kSyscallCost, "bind that fails", NSOBS_BEAT_BIND_CALL, CALLED("bind")},
    {"bind_return", "nsobs_bind_exit", "tracepoint/syscalls/sys_exit_bind", G::kSyscallHooks,
     kSyscallCost, "bind that fails", NSOBS_BEAT_BIND_RETURN, RETURNED("bind")},
    {"listen_call", "nsobs_listen_enter", "tracepoint/syscalls/sys_enter_listen", G::kSyscallHooks,
     kSyscallCost, "listen that fails", NSOBS_BEAT_LISTEN_CALL, CALLED("listen")},
    {"listen_return", "nsobs_listen_exit", "tracepoint/syscalls/sys_exit_listen", G::kSyscallHooks,
     kSyscallCost, "listen that fails", NSOBS_BEAT_LISTEN_RETURN, RETURNED("listen")},
    {"file_open", "nsobs_open_exit", "tracepoint/syscalls/sys_exit_open", G::kFiles, kFileCost,
     "opening files: what fails", NSOBS_BEAT_OPEN, FILE_RETURNED("open")},
    {"file_creat", "nsobs_creat_exit", "tracepoint/syscalls/sys_exit_creat", G::kFiles, kFileCost,
     "opening files: what fails", NSOBS_BEAT_CREAT, FILE_RETURNED("creat")},
    {"file_openat", "nsobs_openat_exit", "tracepoint/syscalls/sys_exit_openat", G::kFiles,
     kFileCost, "opening files: what fails", NSOBS_BEAT_OPENAT, FILE_RETURNED("openat")},
    {"file_openat2", "nsobs_openat2_exit", "tracepoint/syscalls/sys_exit_openat2", G::kFiles,
     kFileCost, "opening files: what fails", NSOBS_BEAT_OPENAT2, FILE_RETURNED("openat2")},
    {"file_mkdir", "nsobs_mkdir_exit", "tracepoint/syscalls/sys_exit_mkdir", G::kFiles, kFileCost,
     "making folders: what fails", NSOBS_BEAT_MKDIR, FILE_RETURNED("mkdir")},
    {"file_mkdirat", "nsobs_mkdirat_exit", "tracepoint/syscalls/sys_exit_mkdirat", G::kFiles,
     kFileCost, "making folders: what fails", NSOBS_BEAT_MKDIRAT, FILE_RETURNED("mkdirat")},
    {"file_unlink", "nsobs_unlink_exit", "tracepoint/syscalls/sys_exit_unlink", G::kFiles,
     kFileCost, "removing files: what fails", NSOBS_BEAT_UNLINK, FILE_RETURNED("unlink")},
    {"file_rmdir", "nsobs_rmdir_exit", "tracepoint/syscalls/sys_exit_rmdir", G::kFiles, kFileCost,
     "removing folders: what fails", NSOBS_BEAT_RMDIR, FILE_RETURNED("rmdir")},
    {"file_unlinkat", "nsobs_unlinkat_exit", "tracepoint/syscalls/sys_exit_unlinkat", G::kFiles,
     kFileCost, "removing files: what fails", NSOBS_BEAT_UNLINKAT, FILE_RETURNED("unlinkat")},
    {"file_rename", "nsobs_rename_exit", "tracepoint/syscalls/sys_exit_rename", G::kFiles,
     kFileCost, "renaming files: what fails", NSOBS_BEAT_RENAME, FILE_RETURNED("rename")},
    {"file_renameat", "nsobs_renameat_exit", "tracepoint/syscalls/sys_exit_renameat", G::kFiles,
     kFileCost, "renaming files: what fails", NSOBS_BEAT_RENAMEAT, FILE_RETURNED("renameat")},
    {"file_renameat2", "nsobs_renameat2_exit", "tracepoint/syscalls/sys_exit_renameat2", G::kFiles,
     kFileCost, "renaming files: what fails", NSOBS_BEAT_RENAMEAT2, FILE_RETURNED("renameat2")},
    {"file_mount", "nsobs_mount_exit", "tracepoint/syscalls/sys_exit_mount", G::kFiles, kFileCost,
     "mounts: what fails", NSOBS_BEAT_MOUNT, FILE_RETURNED("mount")},
    {"file_write", "nsobs_write_exit", "tracepoint/syscalls/sys_exit_write", G::kFileWrites,
     kFileCost, "writes to full or read-only file systems: what fails", NSOBS_BEAT_WRITE,
     FILE_RETURNED("write")},
    // Each of these is of use only with those before it: an answer that is not seen would be
    // missed.
    {"dns_sweep",
     "nsobs_dns_sweep",
     "test_run",
     G::kDns,
     "nobody else; the observer some microseconds while a query is under way",
     kDnsBlind,
     -1,
     {},
     {},
     {},
     "Linux 5.13, where a program can walk through a map"},
    {"dns_answer", "nsobs_dns_answer", "cgroup_skb/ingress", G::kDns,
     "each IP packet that reaches a socket: about 30 ns", kDnsBlind},
    {"dns_query", "nsobs_dns_query", "cgroup_skb/egress", G::kDns,
     "each IP packet that a socket sends: about 30 ns", kDnsBlind},
};

}  // namespace

std::vector<HookRow> ProgramRow::Hooks() const {
  std::vector<HookRow> out;
  for (const HookRow& row : {better, probe, HookRow{program, hook, cost}, other}) {
    if (!row.program.empty()) out.push_back(row);
  }
  return out;
}

absl::Span<const ProgramRow> ProgramTable() { return kTable; }

}  // namespace nsobs
