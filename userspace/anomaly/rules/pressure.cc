#include "userspace/anomaly/rules/pressure.h"

#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "userspace/anomaly/lru_map.h"
#include "userspace/anomaly/support.h"

namespace nsobs {
namespace {

constexpr size_t kMaxSampled = 10000;
constexpr size_t kMaxSamples = 64;
// Fewer are no rhythm yet: a container that ran for a moment was throttled in "half" of 4 periods.
constexpr uint64_t kLeastPeriods = 50;

struct Sample {
  int64_t boot_ns = 0;
  CgroupFacts facts;
};

using Total = std::optional<uint64_t> CgroupFacts::*;

// By how much a total grew; 0 if it isn't told, or began anew.
uint64_t Growth(const Sample& from, const Sample& to, Total total) {
  const auto& before = from.facts.*total;
  const auto& after = to.facts.*total;
  return before && after && *after > *before ? *after - *before : 0;
}

nlohmann::ordered_json OrNull(const std::optional<uint64_t>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

class PressureRule : public Rule {
 public:
  PressureRule(Severity severity, const AnomalyOptions& options)
      : severity_(severity),
        throttled_percent_(options.pressure_throttled_percent),
        stalled_percent_(options.pressure_stalled_percent),
        window_ns_(absl::ToInt64Nanoseconds(options.pressure_window)) {}

  std::string_view name() const override { return "pressure"; }

  void OnEvent(const ObservedEvent&, const AnomalySink&) override {}

  void OnCgroupFacts(const std::vector<CgroupFacts>& all, int64_t now_boot_ns,
                     const AnomalySink& sink) override {
    for (const CgroupFacts& facts : all) {
      if (facts.container == nullptr) continue;
      std::deque<Sample>& samples = samples_.FindOrAdd(OwnerKey(facts.container));
      samples.push_back({now_boot_ns, facts});
      // Looks come when they come: one of 28 s ago will do for 30.
      const int64_t enough_ns = now_boot_ns - window_ns_ * 9 / 10;
      while (samples.size() > 2 && samples[1].boot_ns <= enough_ns) samples.pop_front();
      if (samples.size() > kMaxSamples) samples.pop_front();
      if (samples.front().boot_ns <= enough_ns) Compare(samples.front(), samples.back(), sink);
    }
    samples_.EraseIf([&](const std::string&, const std::deque<Sample>& samples) {
      return samples.back().boot_ns != now_boot_ns;  // ended since
    });
  }

 private:
  void Compare(const Sample& from, const Sample& to, const AnomalySink& sink) const {
    CompareThrottling(from, to, sink);
    // Those who wait for memory get nothing done. Waiting for cpu or io is what a busy healthy
    // container does, too.
    const Severity minor = AtMost(severity_, Severity::kInfo);
    CompareStall("memory", &CgroupFacts::memory_stalled_us, severity_, from, to, sink);
    CompareStall("cpu", &CgroupFacts::cpu_stalled_us, minor, from, to, sink);
    CompareStall("io", &CgroupFacts::io_stalled_us, minor, from, to, sink);

    if (const uint64_t hits = Growth(from, to, &CgroupFacts::pids_limit_hits)) {
      Anomaly a = Make("pids_limit", severity_, from, to);
      a.summary = absl::StrCat(OwnerName(a.container), " could not fork ", hits,
                               " times: its limit of processes was reached");
      a.facts["hits"] = hits;
      a.facts["limit"] = OrNull(to.facts.pids_limit);
      a.facts["current"] = OrNull(to.facts.pids_current);
      sink(std::move(a));
    }
    // Files that were read fill the memory up to the limit, and the kernel gives them up again.
    if (const uint64_t hits = Growth(from, to, &CgroupFacts::memory_limit_hits)) {
      Anomaly a = Make("memory_limit", minor, from, to);
      a.summary =
          absl::StrCat(OwnerName(a.container), " ran into its memory limit ", hits, " times");
      a.facts["hits"] = hits;
      a.facts["limit_bytes"] = OrNull(to.facts.memory_limit_bytes);
      a.facts["usage_bytes"] = OrNull(to.facts.memory_usage_bytes);
      sink(std::move(a));
    }
  }

  void CompareThrottling(const Sample& from, const Sample& to, const AnomalySink& sink) const {
    const uint64_t periods = Growth(from, to, &CgroupFacts::cpu_periods);
    const uint64_t throttled = Growth(from, to, &CgroupFacts::cpu_throttled_periods);
    if (periods < kLeastPeriods || throttled * 100 < periods * throttled_percent_) return;
    Anomaly a = Make("cpu_throttled", severity_, from, to);
    a.summary = absl::StrCat(OwnerName(a.container), " was throttled in ",
                             throttled * 100 / periods, " % of its cpu periods");
    a.facts["percent"] = throttled * 100 / periods;
    a.facts["periods"] = periods;
    a.facts["throttled_periods"] = throttled;
    a.facts["throttled_ns"] = Growth(from, to, &CgroupFacts::cpu_throttled_ns);
    sink(std::move(a));
  }

  void CompareStall(const char* resource, Total total, Severity severity, const Sample& from,
                    const Sample& to, const AnomalySink& sink) const {
    const uint64_t stalled_ns = Growth(from, to, total) * 1000;
    const auto span_ns = static_cast<uint64_t>(to.boot_ns - from.boot_ns);
    if (stalled_ns * 100 < span_ns * stalled_percent_) return;
    Anomaly a = Make(absl::StrCat(resource, "_stalled"), severity, from, to);
    a.summary = absl::StrCat(OwnerName(a.container), " waited for ", resource, " in ",
                             stalled_ns * 100 / span_ns, " % of the time");
    a.facts["percent"] = stalled_ns * 100 / span_ns;
    a.facts["stalled_ns"] = stalled_ns;
    sink(std::move(a));
  }

  Anomaly Make(const std::string& what, Severity severity, const Sample& from,
               const Sample& to) const {
    Anomaly a = Begin(name(), severity, to.facts.container, to.boot_ns);
    absl::StrAppend(&a.key, "|", what);
    a.facts = {{"what", what}, {"window_ns", to.boot_ns - from.boot_ns}};
    return a;
  }

  const Severity severity_;
  const uint64_t throttled_percent_;
  const uint64_t stalled_percent_;
  const int64_t window_ns_;
  LruMap<std::string, std::deque<Sample>> samples_{kMaxSampled};
};

}  // namespace

std::unique_ptr<Rule> MakePressureRule(const AnomalyOptions& options) {
  const auto severity = SeverityFrom(options.pressure);
  return severity ? std::make_unique<PressureRule>(*severity, options) : nullptr;
}

}  // namespace nsobs
