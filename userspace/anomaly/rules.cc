#include "userspace/anomaly/rules.h"

#include <array>
#include <utility>

#include "userspace/anomaly/rules/bind_failure.h"
#include "userspace/anomaly/rules/connect_failure.h"
#include "userspace/anomaly/rules/container_end.h"
#include "userspace/anomaly/rules/crash.h"
#include "userspace/anomaly/rules/dns_failure.h"
#include "userspace/anomaly/rules/file_failure.h"
#include "userspace/anomaly/rules/namespace_entry.h"
#include "userspace/anomaly/rules/namespace_leak.h"
#include "userspace/anomaly/rules/oom_kill.h"
#include "userspace/anomaly/rules/packet_drop.h"
#include "userspace/anomaly/rules/pressure.h"
#include "userspace/anomaly/rules/sigkill_by_other.h"
#include "userspace/anomaly/rules/silent_probe.h"
#include "userspace/anomaly/rules/stuck.h"
#include "userspace/anomaly/rules/term_ignored.h"
#include "userspace/anomaly/rules/zombies.h"

namespace nsobs {
namespace {

using Maker = std::unique_ptr<Rule> (*)(const AnomalyOptions&);  // nullptr: switched off

constexpr auto kMakers = std::to_array<Maker>({
    MakeConnectFailureRule,
    MakeBindFailureRule,
    MakeFileFailureRule,
    MakePacketDropRule,
    MakeDnsFailureRule,
    MakeTermIgnoredRule,
    MakeContainerEndRule,
    MakeCrashRule,
    MakeOomKillRule,
    MakeSigkillByOtherRule,
    MakeStuckRule,
    MakeZombiesRule,
    MakePressureRule,
    MakeNamespaceEntryRule,
    MakeNamespaceLeakRule,
    MakeSilentProbeRule,
});

}  // namespace

std::vector<std::unique_ptr<Rule>> MakeRules(const AnomalyOptions& options) {
  std::vector<std::unique_ptr<Rule>> rules;
  if (!options.enabled) return rules;
  for (const Maker make : kMakers) {
    if (std::unique_ptr<Rule> rule = make(options)) rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace nsobs
