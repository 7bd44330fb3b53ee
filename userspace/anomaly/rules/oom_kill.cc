#include "userspace/anomaly/rules/oom_kill.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "userspace/anomaly/lru_map.h"
#include "userspace/anomaly/support.h"
#include "userspace/anomaly/window_count.h"
#include "userspace/base/sanitize.h"

namespace nsobs {
namespace {

constexpr size_t kMaxOwners = 1024;
constexpr int64_t kWindowNs = 3'600'000'000'000;

std::string ReasonText(const OomKill& kill) {
  const std::string limit =
      kill.limit_bytes ? absl::StrCat(" of ", *kill.limit_bytes >> 20, " MiB") : "";
  switch (kill.reason) {
    case OomKill::Reason::kCgroup:
      return absl::StrCat("its memory limit", limit, " was reached");
    case OomKill::Reason::kAncestor:
      return absl::StrCat("the memory limit", limit, " of ", kill.cgroup_path, " was reached");
    case OomKill::Reason::kHost:
      return "the host is out of memory";
  }
  return "";
}

class OomKillRule : public Rule {
 public:
  explicit OomKillRule(Severity severity) : severity_(severity) {}

  std::string_view name() const override { return "oom_kill"; }

  void OnEvent(const ObservedEvent& event, const AnomalySink& sink) override {
    const auto* kill = std::get_if<OomKill>(&event.event.detail);
    if (kill == nullptr) return;
    const Process& victim = event.event.process;
    const bool is_init = IsInit(event.container, victim);
    const bool helper = event.container != nullptr && !is_init;
    const std::string owner = OwnerKey(event.container);
    const uint64_t repeated =
        kills_.FindOrAdd(owner).Add(event.event.boot_ns, event.count, kWindowNs);

    Anomaly a = Begin(name(), severity_, event);
    // A host without memory is everybody's trouble, whoever was the victim.
    if (kill->reason == OomKill::Reason::kHost) a.severity = Severity::kCritical;
    absl::StrAppend(&a.key, "|", std::string(Name(kill->reason)), helper ? "|helper" : "");
    a.summary =
        absl::StrCat(OwnerName(event.container), ": ", Who(victim),
                     helper ? ", a helper and not PID 1," : "", " was killed: ", ReasonText(*kill));
    a.facts = {{"reason", Name(kill->reason)},
               {"victim_is_init", is_init},
               {"helper", helper},
               {"limit_bytes", nullptr},
               {"usage_bytes", kill->usage_bytes},
               {"anon_bytes", kill->anon_bytes},
               {"file_bytes", kill->file_bytes},
               {"shmem_bytes", kill->shmem_bytes},
               {"cgroup", ToUtf8(kill->cgroup_path)},
               {"kills_in_hour", repeated},
               {"trigger", Party(kill->trigger, nullptr)["process"]}};
    if (kill->limit_bytes) a.facts["limit_bytes"] = *kill->limit_bytes;
    sink(std::move(a));
  }

 private:
  const Severity severity_;
  LruMap<std::string, WindowCount> kills_{kMaxOwners};
};

}  // namespace

std::unique_ptr<Rule> MakeOomKillRule(const AnomalyOptions& options) {
  const auto severity = SeverityFrom(options.oom_kill);
  return severity ? std::make_unique<OomKillRule>(*severity) : nullptr;
}

}  // namespace nsobs
