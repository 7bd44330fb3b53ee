#include "userspace/main/namespaces_command.h"

#include "userspace/main/host_view.h"
#include "userspace/main/namespace_listing.h"

namespace nsobs {

int NamespacesCommand(const NamespacesOptions& options, const Console& console) {
  const SystemClock clock;
  const auto inventory = ScanThisHost(options.config, &clock);
  if (!inventory.ok()) return console.Fail(inventory.status());
  NamespaceFilter filter{options.kinds, nullptr};
  absl::StatusOr<NamedTarget> target;
  if (options.target) {
    target = ResolveTarget(*options.target, (*inventory)->containers(), (*inventory)->namespaces());
    if (!target.ok()) return console.Fail(target.status());
    filter.of_set = &target->namespaces;
  }
  const std::vector<NamespaceRecord> selected =
      SelectNamespaces((*inventory)->namespaces(), filter);
  if (!selected.empty() || options.format != OutputFormat::kTable) {
    PrintNamespaces(selected, options.format, clock, console);
  }
  if (!selected.empty()) return kExitDone;
  console.Complain("no namespaces match");
  return kExitNothing;
}

}  // namespace nsobs
