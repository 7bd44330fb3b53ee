#include "userspace/anomaly/gate.h"

#include "absl/strings/str_cat.h"
#include "userspace/anomaly/support.h"

namespace nsobs {

std::string_view Name(Gate::Verdict verdict) {
  switch (verdict) {
    case Gate::Verdict::kPass:
      return "";
    case Gate::Verdict::kRepeat:
      return "repeat";
    case Gate::Verdict::kContainerRate:
      return "container_rate";
    case Gate::Verdict::kRate:
      return "rate";
  }
  return "";
}

Gate::Gate(const AnomalyOptions& options)
    : repeat_ns_(absl::ToInt64Nanoseconds(options.repeat_interval)),
      container_per_minute_(static_cast<double>(options.container_per_minute)),
      per_minute_(static_cast<double>(options.per_minute)) {}

Gate::Verdict Gate::Decide(const Anomaly& anomaly, const Trouble& trouble) {
  const int64_t now_ns = anomaly.boot_ns;
  if (trouble.passed && now_ns - trouble.passed_boot_ns < repeat_ns_) return Verdict::kRepeat;
  const std::string key = absl::StrCat(anomaly.rule, "|", OwnerKey(anomaly.container));
  Budget& owner = owners_.FindOrAdd(key, container_per_minute_);
  if (!owner.Of(anomaly.severity).Take(now_ns)) return Verdict::kContainerRate;
  Budget& all = rules_.try_emplace(anomaly.rule, per_minute_).first->second;
  if (!all.Of(anomaly.severity).Take(now_ns)) return Verdict::kRate;
  return Verdict::kPass;
}

Gate::Verdict Gate::Judge(Anomaly* anomaly) {
  Trouble& trouble = troubles_.FindOrAdd(anomaly->key);
  const Verdict verdict = Decide(*anomaly, trouble);
  if (verdict == Verdict::kPass) {
    anomaly->suppressed = trouble.suppressed;
    trouble = {true, anomaly->boot_ns, 0};
  } else {
    ++trouble.suppressed;
  }
  return verdict;
}

}  // namespace nsobs
