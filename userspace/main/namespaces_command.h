// nsobserver namespaces: which there are, whose they are, who shares them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "userspace/config/config.h"
#include "userspace/event/namespace_kind.h"
#include "userspace/main/console.h"

namespace nsobs {

struct NamespacesOptions {
  Config config;
  OutputFormat format = OutputFormat::kTable;
  std::vector<NamespaceKind> kinds;  // empty: all
  std::optional<std::string> target;
};

int NamespacesCommand(const NamespacesOptions& options, const Console& console);

}  // namespace nsobs
