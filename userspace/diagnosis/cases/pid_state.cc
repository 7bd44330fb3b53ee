// Processes that stay: zombies, and those that no signal ends.
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

// By hand: fewer are on their way to be reaped.
constexpr int64_t kManyZombies = 5;

// Who has the most zombies among its children: {parent's pid, how many}.
std::pair<int64_t, int64_t> WorstParent(const Record& record) {
  std::map<int64_t, int64_t> zombies;
  for (const Node& process : record["pid"]["processes"].items()) {
    if (!process["state"].Is("Z")) continue;
    const Node parent = process[process["zombie_of"].exists() ? "zombie_of" : "parent_pid"];
    if (parent.number()) ++zombies[*parent.number()];
  }
  std::pair<int64_t, int64_t> worst{0, 0};
  for (const auto& [pid, count] : zombies) {
    if (count > worst.second) worst = {pid, count};
  }
  return worst;
}

Node ProcessByPid(const Record& record, int64_t pid) {
  for (const Node& process : record["pid"]["processes"].items()) {
    if (process["pid"].number() == pid) return process;
  }
  return Node();
}

bool HasKillPending(const Node& detail) {
  const Node pending = detail["signals"]["pending"];
  return pending.Has("KILL") || pending.Has("SIGKILL");
}

// Functions of fs/fuse, net/sunrpc and fs/nfs in which a request waits for its server.
std::string WaitsFor(const std::string& channel) {
  if (absl::StrContains(channel, "fuse") || channel == "request_wait_answer") {
    return ", for the answer of a FUSE server";
  }
  const bool nfs = absl::StrContains(channel, "nfs") || absl::StrContains(channel, "rpc_");
  return nfs ? ", for the answer of an NFS server" : "";
}

// What keeps it from ending: "" not known.
std::string WhyStuck(const Node& detail) {
  const std::string state = detail["state"].text();
  const std::string channel = OneLine(detail["wait_channel"].text());
  const std::string in = channel.empty() || channel == "0" ? "" : absl::StrCat(" in ", channel);
  if (state == "D") return absl::StrCat("it sleeps uninterruptibly", in, WaitsFor(channel));
  if (state == "R") return "it runs without end";
  if (state == "T" || state == "t") return "it is stopped (SIGSTOP or a debugger)";
  if (absl::StrContains(channel, "futex")) return absl::StrCat("it waits for a lock", in);
  return "";
}

}  // namespace

MaybeFinding PidZombies(const Record& record) {
  const Node facts = record.facts();
  const Node count = facts["zombies"].exists() ? facts["zombies"] : record["pid"]["zombies"];
  const std::optional<int64_t> zombies = count.number();
  if (!zombies || *zombies < (record.by_hand() ? kManyZombies : 1)) return std::nullopt;
  const auto [worst_pid, worst_count] = WorstParent(record);
  const Node parent = facts["parent"].exists() ? facts["parent"] : ProcessByPid(record, worst_pid);
  const bool is_init = facts["parent_is_init"].is_true() || parent["ns_pid"].number() == 1;
  const std::string who = !parent.exists() ? "their parent"
                          : is_init ? absl::StrCat("PID 1 (", OneLine(parent["comm"].text()), ")")
                                    : NamedProcess(parent);
  return Draft(record, "pid-zombies", parent.exists() ? Confidence::kCertain : Confidence::kLikely)
      .Summary(absl::StrCat(record.Who(), " has ", Count(*zombies, "zombie"), ": ", who,
                            " does not wait for its children"))
      .Because("zombies", count)
      .Because("their parent", parent)
      .Fix(is_init ? "an init that reaps as PID 1 (--init, tini; shareProcessNamespace in a pod)"
                   : "let that program wait for its children")
      .Check(absl::StrCat("nsobserver snapshot ", record.Target(), " --ns pid"))
      .Done();
}

MaybeFinding PidStuck(const Record& record) {
  const bool told = record.rule() == "stuck";
  if (told && record.ProcessEnded()) return std::nullopt;
  for (const char* which : {"init", "process"}) {
    const Node detail = record["pid"][which];
    // The rule's own process: what it was sent is known, and it is still the same one.
    const bool killed = told && detail["state"].Is("D") &&
                        detail["pid"].number() == record.process()["pid"].number();
    const bool kill_pending = HasKillPending(detail) || killed;
    const std::string why = WhyStuck(detail);
    if (why.empty() || (!kill_pending && !told)) continue;
    // Who was killed a moment ago still runs while it is torn down.
    if (!told && detail["state"].Is("R")) continue;
    return Draft(record, "pid-stuck", kill_pending ? Confidence::kCertain : Confidence::kLikely)
        .Summary(absl::StrCat(
            record.Who(), ": ", NamedProcess(detail), " does not end",
            killed         ? absl::StrCat(" although it got SIGKILL ",
                                          Seconds(record.facts()["since_ns"].number_or(0)), " ago")
            : kill_pending ? " although SIGKILL is pending"
                           : "",
            ": ", why))
        .Because("the signal", killed ? record.LastEvent("signal")["signal"] : Node())
        .Because("signals that wait for it", detail["signals"]["pending"])
        .Because("its state", detail["state"])
        .Because("where in the kernel it waits", detail["wait_channel"])
        .Because("the system call that it waits in", detail["waiting_syscall"])
        .Because("its open files", detail["open_files"])
        .Fix(
            detail["state"].Is("D")
                ? "bring back the device or server (NFS, FUSE) that it waits for; only that ends it"
                : "debug the program: where it spins or which lock it waits for")
        .Check(absl::StrCat("cat /proc/", detail["pid"].number_or(0), "/stack"))
        .Done();
  }
  return std::nullopt;
}

}  // namespace nsobs
