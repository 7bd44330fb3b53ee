#include "userspace/anomaly/rules/silent_probe.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "userspace/anomaly/support.h"

namespace nsobs {
namespace {

// "0-2,5", as the kernel lists CPUs; the first ones, for those who have hundreds.
std::string CpuList(const std::vector<uint32_t>& cpus) {
  constexpr size_t kMaxBytes = 64;
  std::string out;
  for (size_t i = 0; i < cpus.size();) {
    size_t last = i;
    while (last + 1 < cpus.size() && cpus[last + 1] == cpus[last] + 1) ++last;
    if (out.size() > kMaxBytes) return absl::StrCat(out, ",...");
    absl::StrAppend(&out, out.empty() ? "" : ",", cpus[i]);
    if (last != i) absl::StrAppend(&out, "-", cpus[last]);
    i = last + 1;
  }
  return out;
}

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
      const bool everywhere = probe.cpus.size() == probe.cpus_tried;
      a.summary = absl::StrCat("the program ", probe.source, " on ", probe.hook, " has gone silent",
                               everywhere ? "" : absl::StrCat(" on CPU ", CpuList(probe.cpus)),
                               ": it missed ", probe.missed, " deeds in a row");
      a.facts = {{"source", probe.source},
                 {"hook", probe.hook},
                 {"blind", probe.blind},
                 {"missed", probe.missed},
                 {"cpus_tried", probe.cpus_tried}};
      if (!everywhere) a.facts["cpus"] = CpuList(probe.cpus);
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
