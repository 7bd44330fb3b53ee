#include "userspace/collector/counter_reader.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include <bit>

#include "bpf/event_abi.h"
#include "userspace/base/status_util.h"
#include "userspace/collector/kind_map.h"

namespace nsobs {
namespace {

constexpr uint32_t kOverflowPerFamily = 2048;  // OVERFLOW_PER_FAMILY of bpf/lib/maps.h

absl::StatusOr<uint32_t> MaxEntries(int fd) {
  bpf_map_info info{};
  uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0) return ErrnoStatus(errno, "map info");
  return info.max_entries;
}

// All entries of a hash map, by batches (Linux 5.6). Room is made as it is needed: for the whole
// map, which is hardly ever full, it would be most of what a scrape of few series costs.
template <typename K, typename V>
absl::Status ReadHash(int fd, std::vector<K>* keys, std::vector<V>* values) {
  constexpr uint32_t kBatch = 1024;  // more than a bucket ever has
  NSOBS_ASSIGN_OR_RETURN(const uint32_t max, MaxEntries(fd));
  uint32_t token = 0, total = 0;
  bool is_first = true, is_more = true;
  // Beside deletions and additions it may give some more than the map holds.
  while (is_more && total < 2 * max) {
    uint32_t count = kBatch;
    keys->resize(total + count);
    values->resize(total + count);
    is_more = bpf_map_lookup_batch(fd, is_first ? nullptr : &token, &token, keys->data() + total,
                                   values->data() + total, &count, nullptr) == 0;
    if (!is_more && errno != ENOENT) return ErrnoStatus(errno, "reading counters");
    total += count;
    is_first = false;
  }
  keys->resize(total);
  values->resize(total);
  return absl::OkStatus();
}

nsobs_owner_key FromKey(const CounterKey& key) {
  return {key.cgroup.id, key.ns.id != 0 ? key.ns.id : key.ns.inode, key.cgroup.hierarchy,
          key.ns.inode};
}

CounterKey ToKey(const nsobs_counter_key& key) {
  return ToCounterKey(nsobs_owner_key{key.cgroup_id, key.ns_id, key.hierarchy, key.ns_inode});
}

bool IsFamily(uint16_t family) { return family >= 1 && family < NSOBS_COUNT_END; }

KernelRuns::CounterWords WordsOf(const nsobs_counter_key& key) {
  return std::bit_cast<KernelRuns::CounterWords>(key);
}

// Adds what the runs counted. A counter that was deleted or never had room comes back.
void AddRuns(KernelRuns::Counts counts, std::vector<nsobs_counter_key>* keys,
             std::vector<uint64_t>* values) {
  if (counts.empty()) return;
  for (size_t i = 0; i < keys->size(); ++i) {
    auto it = counts.find(WordsOf((*keys)[i]));
    if (it == counts.end()) continue;
    (*values)[i] += it->second;
    counts.erase(it);
  }
  for (const auto& [words, count] : counts) {
    keys->push_back(std::bit_cast<nsobs_counter_key>(words));
    values->push_back(count);
  }
}

absl::Status ReadCounters(int fd, KernelRuns* runs, KernelCounters* out) {
  std::vector<nsobs_counter_key> keys;
  std::vector<uint64_t> values;
  NSOBS_RETURN_IF_ERROR(ReadHash(fd, &keys, &values));
  out->keys = keys.size();
  AddRuns(runs->CountsSoFar(), &keys, &values);
  out->counters.reserve(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!IsFamily(keys[i].family)) continue;
    out->counters.push_back({static_cast<CounterFamily>(keys[i].family), false, ToKey(keys[i]),
                             keys[i].a, keys[i].b, values[i]});
  }
  return absl::OkStatus();
}

// As overflow_slot() of bpf/lib/count.h.
bool IsByErrno(uint32_t family) {
  return family == NSOBS_COUNT_CONNECT_FAILURE || family == NSOBS_COUNT_NAMESPACE_FAILURE ||
         family == NSOBS_COUNT_BIND_FAILURE || family == NSOBS_COUNT_FILE_FAILURE;
}

// To read these for nothing would be most of what a scrape costs.
bool HasOverflow(int fd) {
  const uint32_t slot = NSOBS_OVERFLOW_USED;
  uint64_t used = 0;
  return bpf_map_lookup_elem(fd, &slot, &used) != 0 || used != 0;
}

absl::Status ReadOverflow(int fd, KernelCounters* out) {
  if (!HasOverflow(fd)) return absl::OkStatus();
  for (uint32_t family = 1; family < NSOBS_COUNT_END; ++family) {
    const uint32_t stride = IsByErrno(family) ? 256 : 8;
    std::vector<uint32_t> keys(kOverflowPerFamily);
    std::vector<uint64_t> values(kOverflowPerFamily);
    // Arrays are read in order: the token is the index before the first wanted.
    uint32_t token = family * kOverflowPerFamily - 1, count = kOverflowPerFamily;
    if (bpf_map_lookup_batch(fd, &token, &token, keys.data(), values.data(), &count, nullptr) !=
            0 &&
        errno != ENOENT) {
      return ErrnoStatus(errno, "reading overflow counters");
    }
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t slot = keys[i] - family * kOverflowPerFamily;
      if (values[i] == 0 || slot >= kOverflowPerFamily) continue;
      out->counters.push_back({static_cast<CounterFamily>(family),
                               true,
                               {},
                               static_cast<uint16_t>(slot / stride),
                               slot % stride,
                               values[i]});
    }
  }
  return absl::OkStatus();
}

absl::Status ReadTcp(const CounterMapFds& fds, KernelCounters* out) {
  std::vector<nsobs_owner_key> keys;
  std::vector<nsobs_tcp_connects> values;
  NSOBS_RETURN_IF_ERROR(ReadHash(fds.tcp, &keys, &values));
  for (size_t i = 0; i < keys.size(); ++i) {
    out->tcp.push_back({false, ToCounterKey(keys[i]), values[i].attempts, values[i].established,
                        values[i].failed, values[i].abandoned});
  }
  nsobs_tcp_connects overflow{};
  uint32_t slot = 0;
  if (bpf_map_lookup_elem(fds.tcp_overflow, &slot, &overflow) == 0 && overflow.attempts != 0) {
    out->tcp.push_back(
        {true, {}, overflow.attempts, overflow.established, overflow.failed, overflow.abandoned});
  }
  return absl::OkStatus();
}

}  // namespace

const char* LostCauseName(size_t cause) {
  static constexpr const char* kNames[NSOBS_LOST_CAUSES] = {"ring_full", "budget", "state_full"};
  return cause < NSOBS_LOST_CAUSES ? kNames[cause] : "unknown";
}

NamespaceKind NamespaceOf(CounterFamily family) {
  switch (family) {
    case CounterFamily::kConnectFailure:
    case CounterFamily::kPacketDrop:
    case CounterFamily::kBindFailure:
    case CounterFamily::kDnsFailure:
    case CounterFamily::kDnsAnswer:
      return NamespaceKind::kNet;
    case CounterFamily::kSignal:
    case CounterFamily::kOomKill:
    case CounterFamily::kSignalTaken:
      return NamespaceKind::kPid;
    case CounterFamily::kNamespaceChange:
    case CounterFamily::kNamespaceFailure:
    case CounterFamily::kFileFailure:
      return NamespaceKind::kMnt;
  }
  return NamespaceKind::kMnt;
}

NamespaceKind NamespaceOf(EventKind kind) {
  switch (kind) {
    case EventKind::kConnectFailure:
    case EventKind::kPacketDrop:
    case EventKind::kBindFailure:
    case EventKind::kDnsFailure:
      return NamespaceKind::kNet;
    case EventKind::kNamespaceChange:
    case EventKind::kFileFailure:
      return NamespaceKind::kMnt;
    case EventKind::kSignal:
    case EventKind::kOomKill:
    case EventKind::kCgroupChange:
    case EventKind::kProcessExec:
    case EventKind::kProcessExit:
    case EventKind::kContainerStart:
    case EventKind::kContainerExit:
    case EventKind::kLoss:
    case EventKind::kGap:
    case EventKind::kEntry:
      return NamespaceKind::kPid;
  }
  return NamespaceKind::kPid;
}

absl::StatusOr<KernelCounters> CounterReader::Read() const {
  KernelCounters out;
  NSOBS_ASSIGN_OR_RETURN(out.capacity, MaxEntries(fds_.counters));
  NSOBS_RETURN_IF_ERROR(ReadCounters(fds_.counters, runs_, &out));
  NSOBS_RETURN_IF_ERROR(ReadOverflow(fds_.overflow, &out));
  NSOBS_RETURN_IF_ERROR(ReadTcp(fds_, &out));
  NSOBS_ASSIGN_OR_RETURN(out.losses, ReadLosses());
  return out;
}

absl::StatusOr<std::vector<OwnerLoss>> CounterReader::ReadLosses() const {
  std::vector<nsobs_loss_key> keys;
  std::vector<uint64_t> values;
  NSOBS_RETURN_IF_ERROR(ReadHash(fds_.losses, &keys, &values));
  std::vector<OwnerLoss> out;
  for (size_t i = 0; i < keys.size(); ++i) {
    out.push_back({ToCounterKey(keys[i].owner), EventKindOf(keys[i].kind),
                   LostCauseName(keys[i].cause), values[i]});
  }
  return out;
}

absl::StatusOr<KernelTally> CounterReader::ReadTally(uint8_t epoch, EventKind kind) const {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus <= 0) return absl::InternalError("number of CPUs");
  std::vector<nsobs_tally> per_cpu(static_cast<size_t>(cpus));
  const uint32_t slot = (epoch & 1u) * 16 + KernelKindOf(kind);
  if (bpf_map_lookup_elem(fds_.tallies, &slot, per_cpu.data()) != 0) {
    return ErrnoStatus(errno, "reading tallies");
  }
  KernelTally out;
  for (const nsobs_tally& tally : per_cpu) {
    out.observed += tally.observed;
    for (size_t cause = 0; cause < NSOBS_LOST_CAUSES; ++cause) out.lost[cause] += tally.lost[cause];
  }
  if (kind == EventKind::kSignal) out.observed += runs_->Observed(NSOBS_RUN_SIGNAL, epoch);
  if (kind == EventKind::kConnectFailure) {
    out.observed += runs_->Observed(NSOBS_RUN_CONNECT_FAILURE, epoch);
  }
  return out;
}

void CounterReader::Delete(absl::Span<const Counter> counters,
                           absl::Span<const TcpCounter> tcp) const {
  for (const Counter& c : counters) {
    if (c.overflow) continue;
    const nsobs_owner_key owner = FromKey(c.key);
    const nsobs_counter_key key = {owner.cgroup_id,
                                   owner.ns_id,
                                   owner.hierarchy,
                                   owner.ns_inode,
                                   static_cast<uint16_t>(c.family),
                                   c.a,
                                   c.b};
    bpf_map_delete_elem(fds_.counters, &key);
    runs_->Forget(WordsOf(key));
  }
  for (const TcpCounter& c : tcp) {
    if (c.overflow) continue;
    const nsobs_owner_key key = FromKey(c.key);
    bpf_map_delete_elem(fds_.tcp, &key);
  }
}

}  // namespace nsobs
