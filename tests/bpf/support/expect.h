// Every field of what events say about processes and namespaces, against a child's own facts.
#pragma once

#include <string>

#include "tests/bpf/support/cgroup_lab.h"
#include "tests/bpf/support/facts.h"
#include "userspace/event/event.h"

namespace nsobs {

// `cgroup` may be nullptr: then only that there is one is checked.
void ExpectProcess(const Process& seen, const Facts& expected, const Cgroup* cgroup);

void ExpectNamespaces(const NamespaceSet& seen, const Facts& expected);

// Kind, epoch, CPU and time of an event that happened between the two moments.
void ExpectHeader(const Event& event, EventKind kind, int64_t from_boot_ns, int64_t to_boot_ns);

}  // namespace nsobs
