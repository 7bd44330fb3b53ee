// The certificate of an end: killed by somebody, crashed, or gone with PID 1.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/cases/end_facts.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

bool IsEngine(const Node& sender) {
  static constexpr std::string_view kEngines[] = {
      "containerd-shim", "containerd", "dockerd", "runc",     "crun",  "conmon",
      "podman",          "crio",       "kubelet", "conmonrs", "youki", "lxc-start"};
  const std::string comm = sender["process"]["comm"].text();
  return !sender["container"].exists() &&
         std::any_of(std::begin(kEngines), std::end(kEngines),
                     [&](std::string_view engine) { return comm.starts_with(engine); });
}

std::string EventsCheck(const Record& record, std::string_view kind) {
  return absl::StrCat("nsobserver events --container ", record.Target(), " --kind ",
                      absl::string_view(kind.data(), kind.size()));
}

Finding KilledBy(const Record& record, const std::string& victim, const std::string& signal,
                 const Node& sender, const Node& more) {
  const bool engine = IsEngine(sender);
  return Draft(record, "pid-who-killed", Confidence::kCertain)
      .Summary(absl::StrCat(record.Who(), ": ", victim, " was ended by ", signal, " from ",
                            NamedSender(sender), engine ? ", its engine" : "",
                            signal == "SIGKILL" ? ", not by OOM" : ""))
      .Because("who sent the signal", sender)
      .Because("how it ended", more)
      .Fix(engine ? "somebody asked the engine for it (kill, rm -f, an orchestrator): stop it "
                    "instead, so that it can end by itself"
                  : absl::StrCat("find out why ", NamedProcess(sender["process"]),
                                 " kills it, or take that right from it"))
      .Check(EventsCheck(record, "signal"))
      .Done();
}

MaybeFinding KilledAtEnd(const Record& record, const End& end) {
  if (end.signal.empty() || IsStopSignal(end.signal) || OomOf(record)) return std::nullopt;
  // A stop that ended in a SIGKILL is that of who stopped it: the other case.
  if (PidTermIgnored(record) || PidShellForm(record)) return std::nullopt;
  const Node init = InitOf(record);
  if (!SentByOther(end.sender, init)) return std::nullopt;
  return KilledBy(record, absl::StrCat("PID 1 (", OneLine(init["comm"].text()), ")"), end.signal,
                  end.sender, end.signal_at);
}

// The newest signal that names its target, as an event's `signal`.
Node SignalOf(const Record& record) { return record.LastEvent("signal")["signal"]; }

}  // namespace

MaybeFinding PidWhoKilled(const Record& record) {
  if (const std::optional<End> end = EndOf(record)) return KilledAtEnd(record, *end);
  const Node facts = record.facts();
  const Node signal = SignalOf(record);
  const Node sender = facts["sender"].exists() ? facts["sender"] : signal["sender"];
  const Node target = signal["target"]["process"];
  const bool of_crash = record.rule() == "crash";
  // A crash is a kill only when the facts name a sender.
  if (of_crash && !facts["sender"].exists()) return std::nullopt;
  if (!SentByOther(sender, target.exists() ? target : record.process())) return std::nullopt;
  std::string name = signal["name"].text();
  if (name.empty()) name = of_crash ? SignalText(facts["signal"]) : "SIGKILL";
  return KilledBy(record, NamedProcess(target.exists() ? target : record.process()), OneLine(name),
                  sender, signal);
}

MaybeFinding PidCrash(const Record& record) {
  const Node facts = record.facts();
  const std::optional<End> end = EndOf(record);
  std::string signal =
      end ? end->signal
          : SignalText(facts["signal_name"].exists() ? facts["signal_name"] : facts["signal"]);
  Confidence confidence = Confidence::kCertain;
  if (end && signal.empty() && end->exit_code > 128 && end->exit_code < 128 + 65) {
    // So a shell tells how its child ended.
    signal = SignalName(static_cast<int>(end->exit_code - 128));
    confidence = Confidence::kLikely;
  }
  const Node process = end ? InitOf(record) : record.process();
  if (!IsCrashSignal(signal) || SentByOther(facts["sender"], process)) return std::nullopt;
  const Node count = facts[facts["crashes_in_window"].exists() ? "crashes_in_window" : "count"];
  const int64_t lifetime = facts["lifetime_ns"].number_or(0);
  std::string often = count.number_or(1) > 1 ? absl::StrCat(", ", *count.number(), " times") : "";
  if (lifetime > 0) absl::StrAppend(&often, ", after ", Seconds(lifetime));
  return Draft(record, "pid-crash", confidence)
      .Summary(absl::StrCat(record.Who(), ": ",
                            confidence == Confidence::kCertain
                                ? NamedProcess(process)
                                : absl::StrCat("a child of ", NamedProcess(process)),
                            " crashed by ", signal, often, ": a fault of the program itself"))
      .Because("the signal", facts["signal"])
      .Because("the exit code", end ? end->code_at : Node())
      .Because("how often", count)
      .Because("the process", process)
      .Fix("look at its core dump and log; keep one with a core limit (--ulimit core=-1)")
      .Check("coredumpctl list")
      .Done();
}

namespace {

// What exit codes of 126 and more mean by the convention of shells and engines.
std::string CodeText(int64_t code) {
  if (code == 126) return ", which says that its command could not be executed";
  if (code == 127) return ", which says that its command was not found";
  if (code <= 128 || code > 128 + 64) return "";
  return absl::StrCat(", which is how a shell says that its child was ended by ",
                      SignalName(static_cast<int>(code - 128)));
}

std::string LogCommand(const Record& record) {
  const std::string runtime = record.runtime();
  if (record.container()["pod"].exists()) return " (kubectl logs --previous)";
  if (runtime != "docker" && runtime != "podman") return "";
  return absl::StrCat(" (", runtime, " logs ", record.Target(), ")");
}

// Nobody killed it and nothing else is to be told: the code is all there is to say, and it is said
// for certain.
MaybeFinding ExitedByItself(const Record& record, const End& end) {
  if (!end.signal.empty() || end.exit_code == 0 || end.killed() || record.is_info()) {
    return std::nullopt;
  }
  if (PidCrash(record)) return std::nullopt;
  const Node init = InitOf(record), lifetime = record.facts()["lifetime_ns"];
  const int64_t lived = lifetime.number_or(0);
  return Draft(record, "pid-init-exit", Confidence::kCertain)
      .Summary(absl::StrCat(record.Who(), ": PID 1 (", OneLine(init["comm"].text()),
                            ") exited with code ", end.exit_code, " by itself",
                            lived > 0 ? absl::StrCat(" after ", Seconds(lived)) : "",
                            CodeText(end.exit_code), "; nobody killed it"))
      .Because("its exit code", end.code_at)
      .Because("how long it lived", lifetime)
      .Because("PID 1", init)
      .Fix(absl::StrCat("its own log tells why", LogCommand(record)))
      .Check(EventsCheck(record, "container_exit,signal,file_failure,connect_failure"))
      .Done();
}

}  // namespace

MaybeFinding PidInitExit(const Record& record) {
  const std::optional<End> end = EndOf(record);
  const Node facts = record.facts();
  if (!end || end->killed() || StopOf(record) || PidWhoKilled(record)) return std::nullopt;
  if (!facts["init_first"].is_true()) return ExitedByItself(record, *end);
  // Whoever was still there when PID 1 ended got a SIGKILL of the kernel.
  Node others;
  for (const char* name : {"killed_with_it", "killed"}) {
    if (facts[name].number_or(0) > 0 || facts[name].size() > 0) others = facts[name];
  }
  const int64_t dead = others.number_or(static_cast<int64_t>(others.size()));
  const bool failed = end->exit_code != 0 || !end->signal.empty();
  if (!others.exists()) return ExitedByItself(record, *end);
  if (IsStopSignal(end->signal)) return std::nullopt;
  const Node init = InitOf(record);
  const std::string how = end->signal.empty() ? absl::StrCat("exited with code ", end->exit_code)
                                              : absl::StrCat("ended by ", end->signal);
  return Draft(record, "pid-init-exit", Confidence::kCertain)
      .Summary(absl::StrCat(record.Who(), ": PID 1 (", OneLine(init["comm"].text()), ") ", how,
                            " first, and the kernel killed the rest of its pid namespace with it (",
                            dead, dead == 1 ? " process)" : " processes)"))
      .Because("PID 1 ended first", facts["init_first"])
      .Because("what died with it", others)
      .Because("its exit code", end->code_at)
      .Fix(failed ? "find out why PID 1 failed (its log), and let an init supervise it"
                  : "let PID 1 wait for the others, or an init supervise them")
      .Check(EventsCheck(record, "container_exit,signal"))
      .Done();
}

}  // namespace nsobs
