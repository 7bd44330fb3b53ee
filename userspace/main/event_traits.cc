// What a listing shows beside the summary: whose, in which namespace, how bad.
#include <algorithm>
#include <array>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"
#include "userspace/event/namespace_kind.h"
#include "userspace/main/event_summary.h"

namespace nsobs {
namespace {

// Where several kinds changed, the one that people ask for first.
constexpr std::array<std::string_view, kNamespaceKindCount> kByInterest = {
    "net", "mnt", "pid", "user", "uts", "ipc", "cgroup", "time"};

std::string Label(std::string_view kind, std::optional<int64_t> inode) {
  if (!inode || *inode == 0) return "";
  return absl::StrCat(std::string(kind), ":", *inode);
}

std::string ChangedNamespace(const Json& changes) {
  if (!changes.is_object()) return "";
  for (const std::string_view kind : kByInterest) {
    const Json& change = Child(changes, std::string(kind).c_str());
    const std::string label = Label(kind, Number(change, "to"));
    if (label.empty()) continue;
    return changes.size() == 1 ? label : absl::StrCat(label, " +", changes.size() - 1);
  }
  return "";
}

EventWeight SignalWeight(const Json& signal) {
  constexpr auto kFatal = std::to_array<std::string_view>(
      {"SIGKILL", "SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGSYS"});
  const std::string result = Text(signal, "result");
  if (result == "ignored" || result == "overflow") return EventWeight::kWarning;
  const std::string name = Text(signal, "name");
  const bool fatal = std::find(kFatal.begin(), kFatal.end(), name) != kFatal.end();
  return fatal ? EventWeight::kError : EventWeight::kNote;
}

EventWeight ExitWeight(const Json& exit) {
  const bool clean = Number(exit, "exit_code").value_or(0) == 0 && Text(exit, "signal").empty();
  return clean ? EventWeight::kQuiet : EventWeight::kError;
}

}  // namespace

std::string ContainerLabel(const Json& container) {
  if (container.is_null()) return "host";
  const std::string pod = Text(container, "pod");
  const Json& certain = Child(container, "certain");
  const bool guess = certain.is_boolean() && !certain.get<bool>();
  return ForTerminal(
      absl::StrCat(pod, pod.empty() ? "" : "/", Text(container, "name"), guess ? "?" : ""));
}

std::string EnteredFrom(const Json& event) {
  const Json& from = Child(event, "entered_from");
  return from.is_null() ? "" : ContainerLabel(from);
}

std::string TellingNamespace(const Json& event) {
  const std::string kind = Text(event, "kind");
  const Json& namespaces = Child(event, "namespaces");
  if (kind == "namespace_change") {
    return ChangedNamespace(Child(Child(event, "namespace_change"), "changes"));
  }
  if (kind == "connect_failure" || kind == "bind_failure") {
    return Label("net", Number(namespaces, "net"));
  }
  if (kind == "packet_drop" || kind == "dns_failure") {
    return Label("net", Number(Child(event, kind.c_str()), "netns"));
  }
  if (kind == "file_failure") return Label("mnt", Number(namespaces, "mnt"));
  if (kind == "signal" || kind == "oom_kill" || kind == "process_exec" || kind == "process_exit") {
    return Label("pid", Number(namespaces, "pid"));
  }
  if (kind == "container_start" || kind == "container_exit") {
    return Label("net", Number(namespaces, "net"));
  }
  return "";
}

EventWeight WeightOf(const Json& event) {
  const std::string kind = Text(event, "kind");
  const Json& detail = Child(event, kind.c_str());
  if (kind == "connect_failure" || kind == "oom_kill" || kind == "packet_drop" ||
      kind == "bind_failure" || kind == "file_failure" || kind == "dns_failure") {
    return EventWeight::kError;
  }
  if (kind == "signal") return SignalWeight(detail);
  if (kind == "loss" || kind == "gap" || kind == "entry") return EventWeight::kWarning;
  if (kind == "container_start") return EventWeight::kGood;
  if (kind == "container_exit" || kind == "process_exit") return ExitWeight(detail);
  if (kind == "namespace_change") {
    if (Number(detail, "errno").value_or(0) != 0) return EventWeight::kError;
    const bool entered =
        !Child(event, "entered_from").is_null() ||
        (Text(detail, "operation") == "setns" && !Child(detail, "target").is_null());
    return entered ? EventWeight::kWarning : EventWeight::kQuiet;
  }
  return EventWeight::kQuiet;
}

}  // namespace nsobs
