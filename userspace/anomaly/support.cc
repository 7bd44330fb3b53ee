#include "userspace/anomaly/support.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "userspace/event/event_json.h"
#include "userspace/event/plain_owner.h"

namespace nsobs {
namespace {

// A user may give his container the id of another's: it is not the same one.
uint32_t UserOf(const Container& container) { return container.user ? container.user->uid : 0; }

}  // namespace

std::optional<Severity> SeverityFrom(const SeverityWord& word) {
  for (const Severity severity : {Severity::kInfo, Severity::kWarning, Severity::kCritical}) {
    if (word == Name(severity)) return severity;
  }
  return std::nullopt;
}

Severity AtMost(Severity severity, Severity most) { return std::min(severity, most); }

std::string OwnerKey(const ContainerRef& container) {
  if (!container) return "host";
  const uint32_t uid = UserOf(*container);
  return absl::StrCat(container->runtime, "/", container->id,
                      uid == 0 ? "" : absl::StrCat("/user:", uid));
}

std::string OwnerName(const ContainerRef& container) {
  return container ? container->name : "host";
}

bool SameOwner(const ContainerRef& a, const ContainerRef& b) {
  if (!a || !b) return !a && !b;
  return a->runtime == b->runtime && a->id == b->id && UserOf(*a) == UserOf(*b);
}

bool IsPlain(const ContainerRef& container) { return container != nullptr && IsPlain(*container); }

bool IsInit(const ContainerRef& container, const Process& process) {
  if (!container || process.pid == 0) return false;
  // The container's own word first: an init inside a container of the container has pid 1 too.
  if (container->init.pid != 0) return container->init.pid == process.pid;
  return process.ns_pid == 1;
}

Process InitOf(const ContainerRef& container) {
  Process init;
  if (!container) return init;
  init.pid = init.tid = container->init.pid;
  init.start_boot_ns = container->init.start_boot_ns;
  init.namespaces = container->namespaces;
  return init;
}

bool IsStopSignal(int signal) {
  constexpr int kSystemdHalt = 37;  // SIGRTMIN+3 as the kernel counts
  return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT || signal == kSystemdHalt;
}

std::string Who(const Process& process) {
  return absl::StrCat(process.comm.empty() ? "?" : process.comm, "[", process.pid, "]");
}

nlohmann::ordered_json Party(const Process& process, const ContainerRef& container) {
  nlohmann::ordered_json out = {{"process", nullptr}, {"container", ToJson(container)}};
  if (process.pid != 0) out["process"] = ToJson(process);
  return out;
}

Anomaly Begin(std::string_view rule, Severity severity, const ObservedEvent& event) {
  Anomaly out = Begin(rule, severity, event.container, event.event.boot_ns);
  out.wall_ns = event.wall_ns;
  out.subject = event.event.process;
  out.events.push_back(event);
  return out;
}

Anomaly Begin(std::string_view rule, Severity severity, const ContainerRef& container,
              int64_t boot_ns) {
  Anomaly out;
  out.rule = rule;
  out.severity = severity;
  out.boot_ns = boot_ns;
  out.container = container;
  out.subject = InitOf(container);
  out.key = absl::StrCat(out.rule, "|", OwnerKey(container));
  return out;
}

void AddEvidence(const ObservedEvent& event, Anomaly* anomaly) {
  std::vector<ObservedEvent>& events = anomaly->events;
  const auto place = std::upper_bound(events.begin(), events.end(), event,
                                      [](const ObservedEvent& a, const ObservedEvent& b) {
                                        return a.event.boot_ns < b.event.boot_ns;
                                      });
  events.insert(place, event);
  if (events.size() > kMaxEvidence) events.erase(events.begin());
}

}  // namespace nsobs
