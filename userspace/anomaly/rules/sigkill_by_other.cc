#include "userspace/anomaly/rules/sigkill_by_other.h"

#include <csignal>

#include "absl/strings/str_cat.h"
#include "userspace/anomaly/support.h"

namespace nsobs {
namespace {

class SigkillByOtherRule : public Rule {
 public:
  explicit SigkillByOtherRule(Severity severity) : severity_(severity) {}

  std::string_view name() const override { return "sigkill_by_other"; }

  void OnEvent(const ObservedEvent& event, const AnomalySink& sink) override {
    const auto* signal = std::get_if<Signal>(&event.event.detail);
    if (signal == nullptr || signal->signal != SIGKILL || signal->by_kernel) return;
    if (signal->result != Signal::Result::kDelivered || signal->sender.pid == 0) return;
    const Process& target = event.event.process;
    // The init's end has its certificate, and who only came in is none of the container's.
    if (event.container == nullptr || event.entered || IsInit(event.container, target)) return;
    if (SameOwner(event.container, event.peer)) return;

    Anomaly a = Begin(name(), severity_, event);
    // An engine that clears a container kills all of it: one trouble.
    absl::StrAppend(&a.key, "|", signal->sender.pid);
    a.summary = absl::StrCat(OwnerName(event.container), ": ", Who(target), " was killed by ",
                             Who(signal->sender), " of ", OwnerName(event.peer));
    a.facts = {{"sender", Party(signal->sender, event.peer)}};
    sink(std::move(a));
  }

 private:
  const Severity severity_;
};

}  // namespace

std::unique_ptr<Rule> MakeSigkillByOtherRule(const AnomalyOptions& options) {
  const auto severity = SeverityFrom(options.sigkill_by_other);
  return severity ? std::make_unique<SigkillByOtherRule>(*severity) : nullptr;
}

}  // namespace nsobs
