#include "userspace/anomaly/rules/zombies.h"

#include "absl/strings/str_cat.h"
#include "userspace/anomaly/lru_map.h"
#include "userspace/anomaly/support.h"
#include "userspace/event/event_json.h"

namespace nsobs {
namespace {

constexpr size_t kMaxParents = 1024;

class ZombiesRule : public Rule {
 public:
  ZombiesRule(Severity severity, const AnomalyOptions& options)
      : severity_(severity), growing_(options.zombies_growing), any_(options.zombies_any) {}

  std::string_view name() const override { return "zombies"; }

  void OnEvent(const ObservedEvent&, const AnomalySink&) override {}

  void OnHostFacts(const HostFacts& facts, int64_t now_boot_ns, const AnomalySink& sink) override {
    for (const ZombieCount& now : facts.zombies) {
      const uint32_t* seen = before_.Find(now.parent.key());
      const std::optional<uint32_t> before = seen ? std::optional(*seen) : std::nullopt;
      before_.FindOrAdd(now.parent.key()) = now.zombies;
      const bool grows = before && now.zombies > *before;
      if (now.zombies >= any_ || (now.zombies >= growing_ && grows)) {
        Fire(now, before.value_or(0), now_boot_ns, sink);
      }
    }
  }

 private:
  void Fire(const ZombieCount& now, uint32_t before, int64_t now_boot_ns,
            const AnomalySink& sink) const {
    const Severity severity = now.container ? severity_ : AtMost(severity_, Severity::kInfo);
    Anomaly a = Begin(name(), severity, now.container, now_boot_ns);
    a.subject = now.parent;
    absl::StrAppend(&a.key, "|", now.parent.pid, "|", now.parent.start_boot_ns);
    a.summary =
        absl::StrCat(OwnerName(now.container), ": ", Who(now.parent), " has not waited for ",
                     now.zombies, " of its children, which stay as zombies");
    a.facts = {{"zombies", now.zombies},
               {"before", before},
               {"parent", ToJson(now.parent)},
               {"parent_is_init", IsInit(now.container, now.parent)}};
    sink(std::move(a));
  }

  const Severity severity_;
  const uint64_t growing_;
  const uint64_t any_;
  LruMap<ProcessKey, uint32_t> before_{kMaxParents};  // at the last look
};

}  // namespace

std::unique_ptr<Rule> MakeZombiesRule(const AnomalyOptions& options) {
  const auto severity = SeverityFrom(options.zombies);
  return severity ? std::make_unique<ZombiesRule>(*severity, options) : nullptr;
}

}  // namespace nsobs
