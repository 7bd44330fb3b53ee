// Everything the correlator knows, in one place, with the order of construction that it needs.
#pragma once

#include <utility>

#include "userspace/correlation/cgroup_index.h"
#include "userspace/correlation/container_finder.h"
#include "userspace/correlation/correlator.h"
#include "userspace/correlation/namespace_index.h"
#include "userspace/correlation/owner_table.h"
#include "userspace/correlation/plain_owners.h"
#include "userspace/correlation/process_index.h"
#include "userspace/correlation/runtimes/list.h"
#include "userspace/correlation/user_runtimes.h"

namespace nsobs {

// Not thread-safe.
struct Indexes {
  explicit Indexes(CorrelatorOptions correlator_options)
      : options(std::move(correlator_options)),
        roots(options.roots),
        readers(MakeRuntimeReaders(roots)),
        users(options.passwd_path, options.users_run),
        cgroups(FindCgroupMounts(options.proc_root, options.cgroup_root),
                {50000, options.tombstone_ttl}),
        processes(ProcessIndex::Limits{}),
        namespaces({16384, options.tombstone_ttl}),
        owners({options.max_containers, options.max_containers / 4, options.tombstone_ttl}),
        finder(&readers, &users, &cgroups, &owners),
        plain(&namespaces, &owners, &processes, &cgroups) {}
  Indexes(const Indexes&) = delete;
  Indexes& operator=(const Indexes&) = delete;

  const CorrelatorOptions options;
  RuntimeRoots roots;  // grows as engines are met; the readers look at it
  const RuntimeReaders readers;
  UserRuntimes users;
  CgroupIndex cgroups;
  ProcessIndex processes;
  NamespaceIndex namespaces;
  OwnerTable owners;
  ContainerFinder finder;
  PlainOwners plain;
};

// True if the process has a pid namespace of its own, whose init it is.
inline bool IsNamespaceInit(const Process& process, const NamespaceIndex& namespaces) {
  const NamespaceIdentity& pid = process.namespaces[NamespaceKind::kPid];
  return process.ns_pid == 1 && pid.inode != 0 && !namespaces.IsHost(NamespaceKind::kPid, pid);
}

// True if the kind can be read and isn't the host's.
inline bool IsForeign(const Process& process, NamespaceKind kind,
                      const NamespaceIndex& namespaces) {
  const NamespaceIdentity& identity = process.namespaces[kind];
  return identity.inode != 0 && !namespaces.IsHost(kind, identity);
}

inline bool HasForeign(const Process& process, const NamespaceIndex& namespaces) {
  for (NamespaceKind kind : kNamespaceKinds) {
    if (IsForeign(process, kind, namespaces)) return true;
  }
  return false;
}

}  // namespace nsobs
