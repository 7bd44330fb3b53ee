#include "userspace/diagnosis/cases/end_facts.h"

#include <algorithm>
#include <array>

#include "userspace/base/status_util.h"
#include "userspace/diagnosis/wording.h"
#include "userspace/event/crash_signals.h"

namespace nsobs {
namespace {

// The kernel reports the kill, the exit and the removal of the container within this time.
constexpr int64_t kSameEndNs = 30'000'000'000;

template <size_t n>
bool In(const std::array<std::string_view, n>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool IsToInit(const Node& signal) { return signal["target"]["process"]["ns_pid"].number() == 1; }

// The newest signal event to an init for which `wanted` holds.
template <typename Wanted>
Node NewestToInit(const Record& record, Wanted wanted) {
  Node best;
  int64_t best_ns = -1;
  for (const Node& event : record.Events("signal")) {
    const Node signal = event["signal"];
    const int64_t boot_ns = event["boot_ns"].number_or(0);
    if (!IsToInit(signal) || boot_ns < best_ns || !wanted(signal["name"].text())) continue;
    best = event;
    best_ns = boot_ns;
  }
  return best;
}

}  // namespace

bool IsStopSignal(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kStop = {"SIGTERM", "SIGINT",   "SIGQUIT",
                                                            "SIGPWR",  "SIGWINCH", "SIGRTMIN+3"};
  return In(kStop, name);
}

bool IsCrashSignal(std::string_view name) {
  return std::any_of(kCrashSignals.begin(), kCrashSignals.end(),
                     [name](int signal) { return SignalName(signal) == name; });
}

bool IsShell(std::string_view comm) {
  static constexpr std::array<std::string_view, 8> kShells = {"sh",  "bash",    "dash", "ash",
                                                              "zsh", "busybox", "ksh",  "fish"};
  return In(kShells, comm);
}

std::optional<End> EndOf(const Record& record) {
  if (record.rule() != "container_end") return std::nullopt;
  const Node facts = record.facts();
  End end;
  end.signal_at = facts["signal"];
  end.code_at = facts["exit_code"];
  end.signal = SignalText(facts["signal_name"].exists() ? facts["signal_name"] : end.signal_at);
  end.exit_code = end.code_at.number_or(0);
  end.sender = facts["sender"];
  return end;
}

namespace {

// A certificate tells of the stop in an object of its own, a vain stop in the facts themselves.
Stop StopFromFacts(const Node& facts) {
  const Node of_end = facts["stop"];
  if (of_end.is_object()) {
    return {of_end,          SignalText(of_end["signal"]),          of_end["result"].text(), "",
            facts["sender"], of_end["sent_ns_before"].number_or(-1)};
  }
  const Node sent = facts["stop_signal_sent_ns"];
  if (sent.number()) return {sent, "", "", "", facts["sender"], *sent.number()};
  return {facts["term_result"],        SignalText(facts["term_signal"]),
          facts["term_result"].text(), facts["term_disposition"].text(),
          facts["kill_sender"],        facts["wasted_ns"].number_or(-1)};
}

}  // namespace

std::optional<Stop> StopOf(const Record& record) {
  const Node term = NewestToInit(record, IsStopSignal);
  Stop stop = StopFromFacts(record.facts());
  if (!stop.term.exists() && !term.exists()) return std::nullopt;
  if (term.exists()) {
    stop.term = term["signal"];
    if (stop.name.empty()) stop.name = stop.term["name"].text();
    if (stop.result.empty()) stop.result = stop.term["result"].text();
    if (stop.disposition.empty()) stop.disposition = stop.term["disposition"].text();
  }
  if (stop.name.empty()) stop.name = "SIGTERM";
  const Node kill = NewestToInit(record, [](const std::string& name) { return name == "SIGKILL"; });
  if (!stop.killer.exists()) stop.killer = kill["signal"]["sender"];
  const int64_t from = term["boot_ns"].number_or(-1), to = kill["boot_ns"].number_or(-1);
  if (stop.wasted_ns < 0 && from >= 0 && to >= from) stop.wasted_ns = to - from;
  return stop;
}

Node InitOf(const Record& record) {
  const Node init = record["pid"]["init"];
  if (init["comm"].exists()) return init;
  for (const Node& event : record.Events("signal")) {
    if (IsToInit(event["signal"])) return event["signal"]["target"]["process"];
  }
  const Node exited = record.LastEvent("container_exit")["container_exit"]["init"];
  return exited.exists() ? exited : record.process();
}

namespace {

// PID 1 ended with 137 right after one of its children was killed: so a shell tells it.
Node OomOfChild(const Record& record, const End& end) {
  constexpr int64_t kRightAfterNs = 2'000'000'000;
  const std::optional<int64_t> ended = record.LastEvent("container_exit")["boot_ns"].number();
  if (!end.signal.empty() || end.exit_code != 137 || !ended) return Node();
  for (const Node& event : record.Events("oom_kill")) {
    const int64_t boot_ns = event["boot_ns"].number_or(-1);
    if (boot_ns >= 0 && *ended >= boot_ns && *ended - boot_ns <= kRightAfterNs) return event;
  }
  return Node();
}

}  // namespace

std::optional<Oom> OomOf(const Record& record) {
  const Node facts = record.facts();
  const bool at_end = record.rule() == "container_end";
  if (!at_end && record.rule() != "oom_kill") return std::nullopt;
  Node event = record.LastEvent("oom_kill");
  if (at_end && facts["oom_kill"].is_object()) {
    event = facts["oom_kill"];
  } else if (at_end) {
    event = facts["oom"];
  }
  const Node of_child = at_end ? OomOfChild(record, *EndOf(record)) : Node();
  if (of_child.exists()) event = of_child;
  const Node detail = event["oom_kill"].is_object() ? event["oom_kill"] : event;
  Oom oom;
  oom.node = at_end || detail.exists() ? detail : facts;
  if (!oom.node.is_object()) return std::nullopt;
  const auto field = [&](const char* name) {
    return oom.node[name].exists() || at_end ? oom.node[name] : facts[name];
  };
  oom.reason = field("reason").text();
  const Node is_init = field("victim_is_init");
  if (is_init.is_true() || is_init.is_false()) oom.victim_is_init = is_init.is_true();
  // The certificate's own object is about the init, and it says so by a flag.
  if (!is_init.exists() && facts["oom"].is_true()) oom.victim_is_init = true;
  const Node victim = oom.node["victim"];
  oom.victim = NamedProcess(victim["process"].exists() ? victim["process"] : victim);
  oom.limit = field("limit_bytes").number();
  oom.usage = field("usage_bytes").number();
  oom.sure = !of_child.exists();
  if (!at_end || !oom.sure) return oom;
  const std::optional<End> end = EndOf(record);
  const Node when = event["boot_ns"].exists() ? event : record.LastEvent("oom_kill");
  const std::optional<int64_t> then = when["boot_ns"].number();
  const std::optional<int64_t> ended = record.LastEvent("container_exit")["boot_ns"].number();
  const bool old =
      then && ended && (*ended < *then || *ended - std::max<int64_t>(*then, 0) > kSameEndNs);
  if (!end->killed() || oom.victim_is_init != true || old) return std::nullopt;
  return oom;
}

bool SentByOther(const Node& sender, const Node& target_process) {
  const std::optional<int64_t> pid = sender["process"]["pid"].number();
  return pid && *pid > 0 && pid != target_process["pid"].number();
}

}  // namespace nsobs
