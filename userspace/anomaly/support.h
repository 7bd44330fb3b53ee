// What most rules need: whose an event is, who somebody is, and how an anomaly begins.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "userspace/anomaly/options.h"
#include "userspace/event/anomaly.h"

namespace nsobs {

inline constexpr size_t kMaxEvidence = 16;

// nullopt: off.
std::optional<Severity> SeverityFrom(const SeverityWord& word);

// Never more serious than `most`.
Severity AtMost(Severity severity, Severity most);

// "docker/7c75...", or "host": stays the same while a container's name and state change.
std::string OwnerKey(const ContainerRef& container);
// "web", or "host"; raw bytes.
std::string OwnerName(const ContainerRef& container);
bool SameOwner(const ContainerRef& a, const ContainerRef& b);

// Owners of named or plain namespaces (`ip netns`, `unshare`, sandboxes of programs): no runtime
// starts, stops or enters them; whoever uses them does. False for the host.
bool IsPlain(const ContainerRef& container);

// Is this the process that the container lives and dies with? False for the host.
bool IsInit(const ContainerRef& container, const Process& process);

// As far as the container itself knows it, for rules that no event triggers.
Process InitOf(const ContainerRef& container);

// Signals that engines stop containers with. SIGHUP is none: it means "read your files again".
bool IsStopSignal(int signal);

// "nginx[4711]"; raw bytes.
std::string Who(const Process& process);

// {"process": .. or null, "container": .. or null}, as the sender of a signal's JSON.
nlohmann::ordered_json Party(const Process& process, const ContainerRef& container);

// With times, container, subject and evidence of the event; the key is the rule's and the owner's.
Anomaly Begin(std::string_view rule, Severity severity, const ObservedEvent& event);

// The same without an event; the subject is the container's init. The engine fills in `wall_ns`.
Anomaly Begin(std::string_view rule, Severity severity, const ContainerRef& container,
              int64_t boot_ns);

// Puts it in its place by time. Of more than kMaxEvidence the oldest goes.
void AddEvidence(const ObservedEvent& event, Anomaly* anomaly);

}  // namespace nsobs
