#include "userspace/anomaly/rules/namespace_leak.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "userspace/anomaly/lru_map.h"
#include "userspace/anomaly/support.h"
#include "userspace/base/sanitize.h"
#include "userspace/event/event_json.h"

namespace nsobs {
namespace {

constexpr size_t kMaxLeaks = 1024;

class NamespaceLeakRule : public Rule {
 public:
  NamespaceLeakRule(Severity severity, const AnomalyOptions& options)
      : severity_(severity), repeat_ns_(absl::ToInt64Nanoseconds(options.namespace_leak_repeat)) {}

  std::string_view name() const override { return "namespace_leak"; }

  void OnEvent(const ObservedEvent&, const AnomalySink&) override {}

  // A leak stays for as long as somebody holds it: told again after a while, not at each look.
  void OnHostFacts(const HostFacts& facts, int64_t now_boot_ns, const AnomalySink& sink) override {
    for (const LeakedNamespace& leak : facts.leaked) {
      const std::string key = absl::StrCat(std::string(Name(leak.kind)), ":", leak.identity.inode,
                                           ":", leak.identity.id);
      constexpr int64_t kNever = std::numeric_limits<int64_t>::min() / 2;
      int64_t& told_ns = told_.FindOrAdd(key, kNever);
      if (now_boot_ns - told_ns < repeat_ns_) continue;
      told_ns = now_boot_ns;
      Fire(leak, key, now_boot_ns, sink);
    }
  }

 private:
  void Fire(const LeakedNamespace& leak, const std::string& key, int64_t now_boot_ns,
            const AnomalySink& sink) const {
    Anomaly a = Begin(name(), severity_, leak.dead_owner, now_boot_ns);
    a.subject = {};  // whoever was its init is dead
    a.subject.namespaces[leak.kind] = leak.identity;
    absl::StrAppend(&a.key, "|", key);
    const int64_t age_ns = now_boot_ns - leak.died_boot_ns;
    a.summary = absl::StrCat(OwnerName(leak.dead_owner), " is dead, but its namespace ",
                             std::string(Name(leak.kind)), ":[", leak.identity.inode,
                             "] is still there after ", age_ns / 1'000'000'000, " s, held by ",
                             leak.process_count > 0 ? absl::StrCat(leak.process_count, " processes")
                             : leak.bind_mounted    ? "a bind mount"
                                                    : "an open file");
    a.facts = {{"kind", Name(leak.kind)},
               {"inode", leak.identity.inode},
               {"age_ns", age_ns},
               {"process_count", leak.process_count},
               {"bind_mounted", leak.bind_mounted}};
    if (leak.holder.pid != 0) {
      a.facts["holders"] = nlohmann::ordered_json::array({ToJson(leak.holder)});
    }
    if (!leak.mount_point.empty()) a.facts["mount_point"] = ToUtf8(leak.mount_point);
    sink(std::move(a));
  }

  const Severity severity_;
  const int64_t repeat_ns_;
  LruMap<std::string, int64_t> told_{kMaxLeaks};
};

}  // namespace

std::unique_ptr<Rule> MakeNamespaceLeakRule(const AnomalyOptions& options) {
  const auto severity = SeverityFrom(options.namespace_leak);
  return severity ? std::make_unique<NamespaceLeakRule>(*severity, options) : nullptr;
}

}  // namespace nsobs
