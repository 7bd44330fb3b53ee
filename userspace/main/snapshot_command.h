// nsobserver snapshot TARGET: looks into its namespaces now.
#pragma once

#include <string>
#include <vector>

#include "userspace/config/config.h"
#include "userspace/event/namespace_kind.h"
#include "userspace/main/console.h"
#include "userspace/main/stages.h"

namespace nsobs {

struct SnapshotOptions {
  Config config;
  OutputFormat format = OutputFormat::kTable;
  std::string target;
  std::vector<NamespaceKind> kinds;  // empty: all
  bool baseline = false;             // stored as what `snapshots diff` calls baseline:NAME
};

int SnapshotCommand(const SnapshotOptions& options, const Stages& stages, const Console& console);

}  // namespace nsobs
