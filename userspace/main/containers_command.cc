#include "userspace/main/containers_command.h"

#include "userspace/base/status_util.h"
#include "userspace/main/container_listing.h"
#include "userspace/main/host_view.h"

namespace nsobs {
namespace {

// A host on which the daemon never ran has no past, which is no error. Of what runs the timeline
// only adds what engines told the daemon: that is done without if need be.
absl::StatusOr<std::vector<StoredContainer>> Remembered(const ContainersOptions& options) {
  absl::StatusOr<std::unique_ptr<TimelineReader>> reader =
      TimelineReader::Open(options.config.storage.path);
  const bool needed = options.all && !absl::IsNotFound(reader.status());
  if (!reader.ok() && !needed) return std::vector<StoredContainer>();
  if (!reader.ok()) return reader.status();
  auto stored = (*reader)->Containers();
  if (!stored.ok() && !needed) return std::vector<StoredContainer>();
  return stored;
}

}  // namespace

int ContainersCommand(const ContainersOptions& options, const Console& console) {
  const SystemClock clock;
  const auto inventory = ScanThisHost(options.config, &clock);
  if (!inventory.ok()) return console.Fail(inventory.status());
  const auto stored = Remembered(options);
  if (!stored.ok()) return console.Fail(stored.status());
  std::vector<ContainerEntry> entries =
      MergeContainers((*inventory)->containers(), *stored, clock, options.all);
  AddNamespaceUse(**inventory, &entries);
  if (!entries.empty() || options.format != OutputFormat::kTable) {
    PrintContainers(entries, options.format, clock.WallNs(), console);
  }
  if (!entries.empty()) return kExitDone;
  console.Complain(options.all ? "no containers, now or in the timeline"
                               : "no containers run here (--all shows those that did)");
  return kExitNothing;
}

}  // namespace nsobs
