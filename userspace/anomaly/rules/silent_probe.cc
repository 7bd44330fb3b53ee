#include "userspace/anomaly/rules/silent_probe.h"

#include "absl/strings/str_cat.h"
#include "userspace/anomaly/support.h"

namespace nsobs {
namespace {

class SilentProbeRule : public Rule {
 public:
  explicit SilentProbeRule(Severity severity) : severity_(severity) {}

  std::string_view name() const override { return "silent_probe"; }

  void OnEvent(const ObservedEvent&, const AnomalySink&) override {}

  void OnSilentProbes(const std::vector<SilentProbe>& probes, int64_t now_boot_ns,
                      const AnomalySink& sink) override {
    for (const SilentProbe& probe : probes) {
      Anomaly a = Begin(name(), severity_, nullptr, now_boot_ns);
      absl::StrAppend(&a.key, "|", probe.source);
      a.summary = absl::StrCat("the program ", probe.source, " on ", probe.hook,
                               " has gone silent: it missed ", probe.missed, " deeds in a row");
      a.facts = {{"source", probe.source},
                 {"hook", probe.hook},
                 {"blind", probe.blind},
                 {"missed", probe.missed}};
      if (probe.last_seen_boot_ns != 0)
        a.facts["silent_ns"] = now_boot_ns - probe.last_seen_boot_ns;
      sink(std::move(a));
    }
  }

 private:
  const Severity severity_;
};

}  // namespace

std::unique_ptr<Rule> MakeSilentProbeRule(const AnomalyOptions& options) {
  const auto severity = SeverityFrom(options.silent_probe);
  return severity ? std::make_unique<SilentProbeRule>(*severity) : nullptr;
}

}  // namespace nsobs
