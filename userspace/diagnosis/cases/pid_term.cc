// A stop that has no effect on PID 1.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/cases/end_facts.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

// A stop that was in vain, and cost time; nothing if it went as it should.
std::optional<Stop> VainStop(const Record& record) {
  constexpr int64_t kWorthTellingNs = 1'000'000'000;
  const std::optional<Stop> stop = StopOf(record);
  if (!stop) return std::nullopt;
  const std::optional<End> end = EndOf(record);
  if (!end) return stop;
  if (!end->killed() || OomOf(record)) return std::nullopt;
  if (stop->wasted_ns < kWorthTellingNs) return std::nullopt;
  return stop;
}

std::string HowItEnded(const Stop& stop, const Record& record) {
  const bool lives = record.facts()["killed"].is_false();
  if (stop.wasted_ns < 0) return lives ? "it lives on" : "it ended by SIGKILL";
  if (lives) return absl::StrCat("it lives on after ", Seconds(stop.wasted_ns));
  return absl::StrCat("stop took ", Seconds(stop.wasted_ns), " and ended by SIGKILL",
                      stop.killer.exists() ? absl::StrCat(" from ", NamedSender(stop.killer)) : "");
}

std::string InitAdvice(const Record& record) {
  if (record.container()["pod"].exists()) {
    return "use an init (tini as entrypoint; shareProcessNamespace), or handle SIGTERM in the "
           "program";
  }
  const std::string runtime = record.runtime();
  if (runtime.starts_with("docker") || runtime.starts_with("podman")) {
    return "use --init (init: true in compose), or handle SIGTERM in the program";
  }
  return "use an init such as tini as PID 1, or handle SIGTERM in the program";
}

void AddProof(const Record& record, const Stop& stop, Draft* draft) {
  draft->Because(absl::StrCat(stop.name, " to PID 1: ", OneLine(stop.result)), stop.term);
  draft->Because("what became of the signal", record.facts()["term_result"]);
  draft->Because("the time from the signal to the SIGKILL", record.facts()["wasted_ns"]);
  draft->Because("who sent the SIGKILL", stop.killer);
  draft->Because("signals that PID 1 handles", record["pid"]["init"]["signals"]["caught"]);
}

// "PID 1 (node)"
std::string InitText(const Record& record) {
  const std::string comm = OneLine(InitOf(record)["comm"].text());
  return comm.empty() ? "PID 1" : absl::StrCat("PID 1 (", comm, ")");
}

Node ChildOf(const Record& record, const Node& init) {
  const std::optional<int64_t> pid = init["pid"].number();
  for (const Node& process : record["pid"]["processes"].items()) {
    if (pid && process["parent_pid"].number() == pid && !process["state"].Is("Z")) return process;
  }
  return Node();
}

bool IsScripted(const Node& process) {
  return absl::StrContains(process["exe_args"].text(), " -c ");
}

std::string Short(const std::string& signal) {
  return signal.starts_with("SIG") ? signal.substr(3) : signal;
}

}  // namespace

MaybeFinding PidShellForm(const Record& record) {
  const std::optional<Stop> stop = VainStop(record);
  const Node init = InitOf(record);
  const bool shell = record.facts()["init_is_shell"].is_true() || IsShell(init["comm"].text());
  if (!stop || !shell) return std::nullopt;
  const Node child = ChildOf(record, init);
  const Node args = init["exe_args"].exists() ? init : record.process();
  if (!child.exists() && !IsScripted(args)) return std::nullopt;
  Draft draft(record, "pid-shell-form", Confidence::kCertain);
  draft.Summary(absl::StrCat(record.Who(), ": ", InitText(record),
                             " is a shell that does not pass ", stop->name, " on",
                             child.exists() ? absl::StrCat(" to ", NamedProcess(child)) : "", ": ",
                             HowItEnded(*stop, record), "; use the exec form"));
  AddProof(record, *stop, &draft);
  draft.Because("its child, which never got the signal", child);
  if (!child.exists()) draft.Because("the command line of PID 1", args["exe_args"]);
  draft.Fix(
      "exec form: ENTRYPOINT [\"program\", \"argument\"], or `exec program` as the script's "
      "last line");
  draft.Check(absl::StrCat("nsobserver snapshot ", record.Target(), " --ns pid"));
  return draft.Done();
}

MaybeFinding PidTermIgnored(const Record& record) {
  const std::optional<Stop> stop = VainStop(record);
  if (!stop || PidShellForm(record)) return std::nullopt;
  std::string why;
  Confidence confidence = Confidence::kCertain;
  if (stop->result == "ignored") {
    why = stop->disposition == "ignore"
              ? absl::StrCat(" ignores ", stop->name)
              : absl::StrCat(" has no ", stop->name, " handler: the signal was discarded");
  } else if (stop->result == "blocked" || stop->result == "pending") {
    why = absl::StrCat(" has ", stop->name, " blocked");
  } else {
    why = absl::StrCat(" got ", stop->name, " but did not end on it");
    confidence = Confidence::kLikely;
  }
  Draft draft(record, "pid-term-ignored", confidence);
  draft.Summary(absl::StrCat(record.Who(), ": ", InitText(record), why, ", ",
                             HowItEnded(*stop, record),
                             confidence == Confidence::kCertain ? "; use --init" : ""));
  AddProof(record, *stop, &draft);
  draft.Fix(confidence == Confidence::kCertain
                ? InitAdvice(record)
                : "end faster on the signal, or give it a longer grace period (stop --time, "
                  "terminationGracePeriodSeconds)");
  draft.Check(absl::StrCat("nsobserver events --container ", record.Target(), " --kind signal"));
  return draft.Done();
}

MaybeFinding PidTermIgnoredNow(const Record& record) {
  const Node init = record["pid"]["init"];
  const Node caught = init["signals"]["caught"];
  if (!record.container().exists() || record.SharesHost("pid") || !caught.is_array()) {
    return std::nullopt;
  }
  if (init["ns_pid"].number() != 1 || caught.Has("TERM") || caught.Has("SIGTERM")) {
    return std::nullopt;
  }
  // Some wait for it instead: blocked signals are read by sigwait or a signalfd.
  for (const char* name : {"TERM", "SIGTERM"}) {
    if (init["signals"]["blocked"].Has(name)) return std::nullopt;
  }
  // systemd as PID 1 stops on this one.
  if (caught.Has(Short("SIGRTMIN+3")) || caught.Has("SIGRTMIN+3")) return std::nullopt;
  return Draft(record, "pid-term-ignored", Confidence::kLikely)
      .Summary(absl::StrCat(record.Who(), ": ", InitText(record),
                            " has no SIGTERM handler, so a stop will wait for the grace period and "
                            "end by SIGKILL"))
      .Because("signals that PID 1 handles, SIGTERM not among them", caught)
      .Fix(InitAdvice(record))
      .Check(absl::StrCat("nsobserver snapshot ", record.Target(), " --ns pid"))
      .Done();
}

}  // namespace nsobs
