#include "userspace/anomaly/rules/dns_failure.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "userspace/anomaly/lru_map.h"
#include "userspace/anomaly/support.h"
#include "userspace/anomaly/window_count.h"
#include "userspace/base/sanitize.h"

namespace nsobs {
namespace {

using Outcome = DnsFailure::Outcome;

constexpr size_t kMaxKnownNames = 4096;
constexpr uint64_t kBurst = 20;
constexpr int64_t kBurstWindowNs = 10'000'000'000;
// A program that is ended while it waits gives up, too: only the second in this time is trouble.
constexpr uint64_t kGivenUps = 2;
constexpr int64_t kGivenUpWindowNs = 60'000'000'000;

// Names of addresses: whoever logs asks for those of strangers, and nobody is responsible for many.
bool IsReverse(const DnsFailure& f) {
  return f.name.ends_with(".in-addr.arpa") || f.name.ends_with(".ip6.arpa");
}

std::string ServerText(const DnsFailure& f) {
  const bool v6 = f.server.find(':') != std::string::npos;
  return absl::StrCat(v6 ? "[" : "", f.server, v6 ? "]:" : ":", f.port);
}

std::string What(const DnsFailure& f) {
  const std::string of = f.name.empty() ? "" : absl::StrCat(" for ", f.name);
  switch (f.outcome) {
    case Outcome::kServfail:
      return absl::StrCat(" answers SERVFAIL", of);
    case Outcome::kRefused:
      return absl::StrCat(" answers REFUSED", of);
    case Outcome::kNoAnswer:
      break;
  }
  return absl::StrCat(" does not answer", of);
}

class DnsFailureRule : public Rule {
 public:
  explicit DnsFailureRule(Severity severity) : severity_(severity) {}

  std::string_view name() const override { return "dns_failure"; }

  void OnEvent(const ObservedEvent& event, const AnomalySink& sink) override {
    const auto* failure = std::get_if<DnsFailure>(&event.event.detail);
    if (failure == nullptr) return;
    const bool reverse = failure->outcome != Outcome::kNoAnswer && IsReverse(*failure);
    const std::string key = absl::StrCat(
        "dns_failure|", OwnerKey(event.container), "|", failure->server, "|", failure->port, "|",
        std::string(Name(failure->outcome)), reverse ? "|reverse" : "");
    Known& known = known_.FindOrAdd(key);
    const uint64_t failures = known.recent.Add(event.event.boot_ns, event.count, kBurstWindowNs);
    const uint64_t given_up =
        failure->given_up ? known.given_up.Add(event.event.boot_ns, event.count, kGivenUpWindowNs)
                          : kGivenUps;
    const bool minor = event.container == nullptr || reverse;
    const bool burst = failures >= kBurst;
    const bool first = !known.told && !minor && given_up >= kGivenUps;
    if (burst) known.recent.Clear();
    if (!burst && !first) return;
    known.told = true;
    Fire(event, *failure, key, failures, minor, sink);
  }

 private:
  struct Known {
    WindowCount recent;
    WindowCount given_up;
    bool told = false;
  };

  void Fire(const ObservedEvent& event, const DnsFailure& f, const std::string& key,
            uint64_t failures, bool minor, const AnomalySink& sink) const {
    Anomaly a = Begin(name(), minor ? AtMost(severity_, Severity::kInfo) : severity_, event);
    a.key = key;
    a.summary = absl::StrCat(
        OwnerName(event.container), ": name server ", ServerText(f), What(f),
        event.event.process.pid == 0 ? "" : absl::StrCat(", asked by ", Who(event.event.process)),
        failures > 1
            ? absl::StrCat(", ", failures, " times in ", kBurstWindowNs / 1'000'000'000, " s")
            : "");
    a.facts = {{"failures_in_window", failures},
               {"window_ns", kBurstWindowNs},
               {"protocol", Name(f.protocol)},
               {"server", ToUtf8(f.server)},
               {"port", f.port},
               {"outcome", Name(f.outcome)},
               {"name", ToUtf8(f.name)},
               {"given_up", f.given_up}};
    sink(std::move(a));
  }

  const Severity severity_;
  LruMap<std::string, Known> known_{kMaxKnownNames};
};

}  // namespace

std::unique_ptr<Rule> MakeDnsFailureRule(const AnomalyOptions& options) {
  const auto severity = SeverityFrom(options.dns_failure);
  return severity ? std::make_unique<DnsFailureRule>(*severity) : nullptr;
}

}  // namespace nsobs
