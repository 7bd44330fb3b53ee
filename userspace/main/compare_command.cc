#include "userspace/main/compare_command.h"

#include "userspace/main/comparison.h"
#include "userspace/main/host_view.h"

namespace nsobs {

int CompareCommand(const CompareOptions& options, const Console& console) {
  const SystemClock clock;
  const auto inventory = ScanThisHost(options.config, &clock);
  if (!inventory.ok()) return console.Fail(inventory.status());
  const auto& containers = (*inventory)->containers();
  const auto& namespaces = (*inventory)->namespaces();
  const absl::StatusOr<NamedTarget> a = ResolveTarget(options.a, containers, namespaces);
  if (!a.ok()) return console.Fail(a.status());
  const absl::StatusOr<NamedTarget> b = ResolveTarget(options.b, containers, namespaces);
  if (!b.ok()) return console.Fail(b.status());
  return PrintComparison(*a, *b, options.format, console);
}

}  // namespace nsobs
