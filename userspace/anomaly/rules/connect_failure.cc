#include "userspace/anomaly/rules/connect_failure.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "userspace/anomaly/lru_map.h"
#include "userspace/anomaly/support.h"
#include "userspace/anomaly/window_count.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr size_t kMaxKnownPeers = 4096;
constexpr size_t kMaxRecent = 256;
constexpr uint16_t kDnsPort = 53;

// Sockets that the C library, systemd's client code and toolkits only try: every program does, in
// every image, and goes on without.
constexpr auto kOptionalSockets = std::to_array<std::string_view>(
    {"/var/run/nscd/", "/run/nscd/", "/dev/log", "/run/systemd/", "/var/run/systemd/", "/run/dbus/",
     "/var/run/dbus/", "/tmp/.X11-unix/", "@/tmp/.X11-unix/"});

// Given up by the caller, or said to somebody who asks again how his connect is doing.
bool IsFailure(const ConnectFailure& f) {
  if (f.phase == ConnectFailure::Phase::kAbandoned) return false;
  switch (f.error) {
    case 0:
    case ECANCELED:
    case EINTR:
    case EINPROGRESS:
    case EALREADY:
    case EISCONN:
      return false;
    default:
      return true;
  }
}

bool IsOptional(const ConnectFailure& f) {
  return std::ranges::any_of(kOptionalSockets, [&](std::string_view path) {
    return std::string_view(f.path).starts_with(path);
  });
}

// A healthy program tries IPv6 first and falls back to IPv4 when there is no way there, or nobody
// on
// ::1; and the C library connects UDP sockets only to learn which addresses have a route. If what
// follows fails too, that is told for its own sake.
bool HasFallback(const ConnectFailure& f) {
  const bool immediate = f.phase == ConnectFailure::Phase::kImmediate;
  const bool no_way = f.error == ENETUNREACH || f.error == EHOSTUNREACH ||
                      f.error == EADDRNOTAVAIL || f.error == EAFNOSUPPORT;
  if (f.protocol == Protocol::kUdp && f.port != kDnsPort && immediate && no_way) return true;
  if (f.family != AF_INET6 || f.destination.starts_with("::ffff:")) return false;
  return (immediate && no_way) || (f.destination == "::1" && f.error == ECONNREFUSED);
}

std::string DestinationText(const ConnectFailure& f) {
  if (!f.path.empty()) return f.path;
  if (f.destination.empty()) return "an unknown destination";
  const bool v6 = f.destination.find(':') != std::string::npos;
  return absl::StrCat(v6 ? "[" : "", f.destination, v6 ? "]:" : ":", f.port);
}

class ConnectFailureRule : public Rule {
 public:
  ConnectFailureRule(Severity severity, const AnomalyOptions& options)
      : severity_(severity),
        burst_(options.connect_failure_burst),
        window_ns_(absl::ToInt64Nanoseconds(options.connect_failure_window)) {}

  std::string_view name() const override { return "connect_failure"; }

  void OnEvent(const ObservedEvent& event, const AnomalySink& sink) override {
    const auto* failure = std::get_if<ConnectFailure>(&event.event.detail);
    if (failure == nullptr || !IsFailure(*failure) || IsOptional(*failure)) return;
    const std::string key = KeyOf(event, *failure);
    const bool first = known_.Find(key) == nullptr;
    WindowCount& count = known_.FindOrAdd(key);
    const uint64_t failures = count.Add(event.event.boot_ns, event.count, window_ns_);
    const bool minor = event.container == nullptr || HasFallback(*failure);
    const bool burst = failures >= burst_;
    if (burst || (first && !minor)) {
      Fire(event, *failure, key, first, failures, minor, sink);
    }
    if (burst) count.Clear();
    recent_.emplace_back(key, event);
    if (recent_.size() > kMaxRecent) recent_.pop_front();
  }

 private:
  static std::string KeyOf(const ObservedEvent& event, const ConnectFailure& f) {
    return absl::StrCat("connect_failure|", OwnerKey(event.container), "|",
                        std::string(Name(f.protocol)), "|", f.destination, "|", f.port, "|", f.path,
                        "|", f.error);
  }

  void Fire(const ObservedEvent& event, const ConnectFailure& f, const std::string& key, bool first,
            uint64_t failures, bool minor, const AnomalySink& sink) const {
    Anomaly a = Begin(name(), minor ? AtMost(severity_, Severity::kInfo) : severity_, event);
    a.key = key;
    for (const auto& [other, before] : recent_) {
      if (other == key && event.event.boot_ns - before.event.boot_ns <= window_ns_) {
        AddEvidence(before, &a);
      }
    }
    const std::string error = ErrnoName(f.error);
    a.summary = absl::StrCat(
        OwnerName(event.container), ": ", Who(event.event.process), " can't connect to ",
        std::string(Name(f.protocol)), " ", DestinationText(f), ": ", error,
        failures > 1 ? absl::StrCat(", ", failures, " times in ", window_ns_ / 1'000'000'000, " s")
                     : "");
    a.facts = {{"first", first},
               {"failures_in_window", failures},
               {"window_ns", window_ns_},
               {"protocol", Name(f.protocol)},
               {"destination", ToUtf8(f.destination)},
               {"port", f.port},
               {"path", ToUtf8(f.path)},
               {"errno", f.error},
               {"errno_name", error},
               {"has_fallback", HasFallback(f)}};
    if (f.port == kDnsPort) a.facts["dns"] = true;
    sink(std::move(a));
  }

  const Severity severity_;
  const uint64_t burst_;
  const int64_t window_ns_;
  LruMap<std::string, WindowCount> known_{kMaxKnownPeers};
  std::deque<std::pair<std::string, ObservedEvent>> recent_;  // of all destinations, for evidence
};

}  // namespace

std::unique_ptr<Rule> MakeConnectFailureRule(const AnomalyOptions& options) {
  const auto severity = SeverityFrom(options.connect_failure);
  return severity ? std::make_unique<ConnectFailureRule>(*severity, options) : nullptr;
}

}  // namespace nsobs
