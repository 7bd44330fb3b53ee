// Slow, not dead: throttled, stalled, or at a limit.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

// By hand, where no rule has measured a window.
constexpr double kThrottledShare = 0.25;
constexpr int64_t kLeastPeriods = 100;
constexpr double kNearLimit = 0.95;
constexpr double kStalledPercent = 20;

struct Strain {
  std::string what;
  std::string fix;
  Node where, also;
};

std::string Percentage(const Node& facts) {
  if (facts["percent"].number()) return absl::StrCat(" ", *facts["percent"].number(), " %");
  const double share = facts["share"].real_or(-1);
  return share >= 0 && share <= 1 ? absl::StrCat(" ", Percent(share)) : "";
}

std::string QuotaText(const Node& cpu) {
  const double quota = cpu["quota_us"].real_or(0), period = cpu["period_us"].real_or(0);
  if (quota <= 0 || period <= 0) return "";
  return absl::StrCat(" (quota ", std::clamp(quota / period, 0.0, 1e6), " cpus)");
}

constexpr char kCpuFix[] = "a higher cpu limit (--cpus, resources.limits.cpu), or fewer threads";
constexpr char kMemoryFix[] = "a higher memory limit, or a smaller cache or heap";
constexpr char kIoFix[] = "faster storage, fewer writes, or a weight of its own";
constexpr char kPidsFix[] =
    "a higher limit of processes (--pids-limit), or find what forks so much";

std::optional<Strain> FromFacts(const Record& record) {
  const Node facts = record.facts();
  const Node cgroup = record["cgroup"];
  const std::string what = facts["what"].text();
  if (absl::StrContains(what, "throttled")) {
    return Strain{absl::StrCat("is throttled by its cpu limit in", Percentage(facts),
                               " of its periods", QuotaText(cgroup["cpu"])),
                  kCpuFix, facts, cgroup["cpu"]};
  }
  if (what.starts_with("pids")) {
    const Node limit = facts["limit"].exists() ? facts["limit"] : cgroup["pids"]["limit"];
    return Strain{absl::StrCat("reached its limit of processes",
                               limit.number() ? absl::StrCat(" (", *limit.number(), ")") : ""),
                  kPidsFix, facts, cgroup["pids"]};
  }
  if (what == "memory" || what == "memory_limit") {
    const Node limit =
        facts["limit_bytes"].exists() ? facts["limit_bytes"] : cgroup["memory"]["limit_bytes"];
    return Strain{absl::StrCat("runs into its memory limit",
                               limit.number() ? absl::StrCat(" of ", Bytes(*limit.number())) : ""),
                  kMemoryFix, facts, cgroup["memory"]};
  }
  const size_t end = what.find("_stalled");
  if (what != "psi" && end == std::string::npos) return std::nullopt;
  const std::string resource =
      OneLine(end != std::string::npos ? what.substr(0, end) : facts["resource"].text());
  return Strain{absl::StrCat("waits for ", resource.empty() ? "resources" : resource, " in",
                             Percentage(facts), " of the time"),
                resource == "memory" ? kMemoryFix
                : resource == "cpu"  ? kCpuFix
                                     : kIoFix,
                facts, cgroup["pressure"][resource]};
}

std::optional<Strain> Now(const Record& record) {
  const Node cgroup = record["cgroup"];
  const Node cpu = cgroup["cpu"], memory = cgroup["memory"], pids = cgroup["pids"];
  const double periods = cpu["periods"].real_or(0);
  const double throttled = cpu["throttled_periods"].real_or(0);
  if (periods >= kLeastPeriods && throttled <= periods && throttled >= periods * kThrottledShare) {
    return Strain{absl::StrCat("was throttled by its cpu limit in ", Percent(throttled / periods),
                               " of its periods", QuotaText(cpu)),
                  kCpuFix,
                  cpu,
                  {}};
  }
  // Files that were read fill memory up to the limit in health, too: only the rest counts.
  const double limit = memory["limit_bytes"].real_or(0), anon = memory["anon_bytes"].real_or(0);
  if (limit > 0 && anon >= limit * kNearLimit && memory["limit_bytes"].number() &&
      memory["anon_bytes"].number()) {
    return Strain{absl::StrCat("has ", Bytes(*memory["anon_bytes"].number()),
                               " of memory in use besides files, of a limit of ",
                               Bytes(*memory["limit_bytes"].number())),
                  kMemoryFix,
                  memory,
                  {}};
  }
  const double most = pids["limit"].real_or(0), current = pids["current"].real_or(0);
  if (most > 0 && current >= most * kNearLimit && pids["current"].number() &&
      pids["limit"].number()) {
    return Strain{absl::StrCat("has ", *pids["current"].number(), " processes of a limit of ",
                               *pids["limit"].number()),
                  kPidsFix,
                  pids,
                  {}};
  }
  for (const char* resource : {"memory", "io"}) {
    const Node stall = cgroup["pressure"][resource];
    const double full = stall["full_avg10"].real_or(0);
    if (full < kStalledPercent || full > 100) continue;
    return Strain{absl::StrCat("waits for ", resource, " in ", Percent(full / 100), " of the time"),
                  kMemoryFix,
                  stall,
                  {}};
  }
  return std::nullopt;
}

}  // namespace

MaybeFinding Pressure(const Record& record) {
  const std::optional<Strain> strain = record.by_hand() ? Now(record) : FromFacts(record);
  if (!strain) return std::nullopt;
  return Draft(record, "pressure", Confidence::kCertain)
      .Summary(absl::StrCat(record.Who(), " ", strain->what))
      .Because("what was measured", strain->where)
      .Because("the cgroup's own figures", strain->also)
      .Fix(strain->fix)
      .Check(absl::StrCat("nsobserver diagnose ", record.Target()))
      .Done();
}

}  // namespace nsobs
