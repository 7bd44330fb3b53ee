#include "userspace/collector/owner_key.h"

#include <string.h>

#include <cstddef>

namespace nsobs {
namespace {

// A copy: nothing is said about the alignment of the bytes.
template <typename T>
bool Read(absl::Span<const uint8_t> record, size_t offset, T* out) {
  if (record.size() < offset + sizeof(T)) return false;
  memcpy(out, record.data() + offset, sizeof(T));
  return true;
}

// Where the process stands that an event is about: first of all, in every record that has one.
constexpr size_t kProcess = sizeof(nsobs_header);
static_assert(offsetof(nsobs_signal, target) == kProcess);
static_assert(offsetof(nsobs_oom_kill, victim) == kProcess);
static_assert(offsetof(nsobs_connect_failure, process) == kProcess);
static_assert(offsetof(nsobs_namespace_change, process) == kProcess);
static_assert(offsetof(nsobs_packet_drop, process) == kProcess);
static_assert(offsetof(nsobs_bind_failure, process) == kProcess);
static_assert(offsetof(nsobs_file_failure, process) == kProcess);
static_assert(offsetof(nsobs_dns_failure, process) == kProcess);
static_assert(offsetof(nsobs_process_exec, process) == kProcess);
static_assert(offsetof(nsobs_process_exit, process) == kProcess);
static_assert(offsetof(nsobs_cgroup_change, cgroup) == kProcess);

NamespaceIdentity Of(const nsobs_namespaces& ns, size_t kind) {
  return {ns.inode[kind], ns.id[kind] == ns.inode[kind] ? 0 : ns.id[kind]};
}

NamespaceIdentity NamespaceOfRecord(absl::Span<const uint8_t> record, uint8_t kind,
                                    const nsobs_process& process) {
  nsobs_namespaces before{};
  nsobs_packet_drop drop{};
  nsobs_dns_failure dns{};
  switch (kind) {
    case NSOBS_KIND_NAMESPACE_CHANGE:
      if (!Read(record, offsetof(nsobs_namespace_change, from), &before)) return {};
      return Of(before, NSOBS_NS_MNT);
    case NSOBS_KIND_PACKET_DROP:
      if (!Read(record, 0, &drop)) return {};
      return {drop.net_inode, drop.net_id == drop.net_inode ? 0 : drop.net_id};
    case NSOBS_KIND_DNS_FAILURE:
      if (!Read(record, 0, &dns)) return {};
      return {dns.net_inode, dns.net_id == dns.net_inode ? 0 : dns.net_id};
    case NSOBS_KIND_CONNECT_FAILURE:
    case NSOBS_KIND_BIND_FAILURE:
      return Of(process.ns, NSOBS_NS_NET);
    case NSOBS_KIND_FILE_FAILURE:
      return Of(process.ns, NSOBS_NS_MNT);
    default:
      return Of(process.ns, NSOBS_NS_PID);
  }
}

}  // namespace

CounterKey ToCounterKey(const nsobs_owner_key& key) {
  return {{key.cgroup_id, key.hierarchy},
          {key.ns_inode, key.ns_id == key.ns_inode ? 0 : key.ns_id}};
}

CounterKey OwnerOfRecord(absl::Span<const uint8_t> record) {
  nsobs_header header{};
  nsobs_cgroup cgroup{};
  nsobs_process process{};
  if (!Read(record, 0, &header)) return {};
  if (header.kind == NSOBS_KIND_CGROUP_CHANGE) {
    if (!Read(record, kProcess, &cgroup)) return {};
    return {{cgroup.id, cgroup.hierarchy}, {}};
  }
  if (!Read(record, kProcess, &process)) return {};
  return {{process.cgroup.id, process.cgroup.hierarchy},
          NamespaceOfRecord(record, header.kind, process)};
}

bool IsContext(absl::Span<const uint8_t> record) {
  nsobs_header header{};
  if (!Read(record, 0, &header)) return false;
  if (header.kind != NSOBS_KIND_PROCESS_EXEC && header.kind != NSOBS_KIND_PROCESS_EXIT)
    return false;
  return OwnerOfRecord(record).ns.inode == NSOBS_HOST_PID_INODE;
}

}  // namespace nsobs
