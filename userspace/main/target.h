// TARGET of the command line: what a person calls a container, a process or a namespace.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "userspace/correlation/inventory.h"

namespace nsobs {

struct NamedTarget {
  std::string title;        // for a column: "web", "shop/db", "host", "pid:4711"
  ContainerRef container;   // nullptr: host, a process, a namespace
  NamespaceSet namespaces;  // inode 0: not known, or not meant (`net:[...]` means one kind only)
};

// `text` is "host", pid:N, a namespace as net:[4026532846], or a container's name, full id, unique
// prefix of its id, or pod/name. Processes are looked up below `proc_root`.
// NOT_FOUND: nothing is called that; INVALID_ARGUMENT: several containers are, or it is malformed.
absl::StatusOr<NamedTarget> ResolveTarget(std::string_view text,
                                          const std::vector<ContainerRef>& containers,
                                          const std::vector<NamespaceRecord>& namespaces,
                                          const std::string& proc_root = "/proc");

// Whether two identities are the same namespace; they are of the same kind and moment. Only where
// both have a never-reused id does that decide.
bool SameNamespace(const NamespaceIdentity& a, const NamespaceIdentity& b);

}  // namespace nsobs
