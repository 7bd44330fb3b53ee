// Namespaces as a table or as JSON: what lsns gives, with names and who shares what. Pure.
#pragma once

#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/correlation/inventory.h"
#include "userspace/main/console.h"
#include "userspace/main/target.h"

namespace nsobs {

struct NamespaceFilter {
  std::vector<NamespaceKind> kinds;      // empty: all
  const NamespaceSet* of_set = nullptr;  // only those of a TARGET; nullptr: all
};

// The living ones that pass, by kind, the host's first, then by inode.
std::vector<NamespaceRecord> SelectNamespaces(const std::vector<NamespaceRecord>& namespaces,
                                              const NamespaceFilter& filter);

// "shared by web, db (pod shop)", "shared by host, agent"; "" if at most one uses it.
std::string SharedText(const NamespaceRecord& ns);

void PrintNamespaces(const std::vector<NamespaceRecord>& namespaces, OutputFormat format,
                     const Clock& clock, const Console& console);

}  // namespace nsobs
