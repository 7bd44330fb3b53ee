#include "userspace/collector/self_facts.h"

#include <string.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "bpf/event_abi.h"
#include "userspace/base/file.h"
#include "userspace/base/status_util.h"
#include "userspace/event/namespace_kind.h"

namespace nsobs {
namespace {

template <typename T>
absl::Status Same(std::string_view what, const T& seen, const T& expected) {
  if (seen == expected) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("self-test: BPF reads ", std::string(what), " as ", seen,
                                          ", /proc/self says ", expected));
}

absl::Status CompareNamespace(const nsobs_namespaces& seen, NamespaceKind kind) {
  const std::string name(Name(kind));
  auto link = ReadLink("/proc/thread-self/ns/" + name);
  if (!link.ok()) return absl::OkStatus();  // this kernel has no namespaces of the kind
  auto parsed = ParseNamespaceLink(*link);
  if (!parsed) return absl::InternalError("self-test: " + *link + " is no namespace");
  return Same(name + " namespace", seen.inode[static_cast<size_t>(kind)], parsed->second);
}

// Inside another pid namespace than the initial one, /proc shows pids of that one.
absl::Status ComparePids(const nsobs_process& seen) {
  NSOBS_RETURN_IF_ERROR(Same("pid", seen.ns_pid, static_cast<uint32_t>(getpid())));
  return Same("uid", seen.uid, static_cast<uint32_t>(getuid()));
}

}  // namespace

absl::Status CompareWithProc(const nsobs_process& seen) {
  for (NamespaceKind kind : kNamespaceKinds) {
    NSOBS_RETURN_IF_ERROR(CompareNamespace(seen.ns, kind));
  }
  NSOBS_RETURN_IF_ERROR(ComparePids(seen));
  auto comm = ReadSmallFile("/proc/thread-self/comm", 64);
  if (!comm.ok()) return comm.status();
  return Same("comm", std::string(seen.comm, strnlen(seen.comm, sizeof seen.comm)) + "\n", *comm);
}

}  // namespace nsobs
