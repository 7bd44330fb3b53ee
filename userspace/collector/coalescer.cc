#include "userspace/collector/coalescer.h"

#include <string.h>

#include <algorithm>

#include "absl/hash/hash.h"
#include "bpf/event_abi.h"
#include "userspace/collector/kind_map.h"

namespace nsobs {
namespace {

constexpr uint32_t kSinglesOfNamespaceChange = 32;
constexpr int64_t kMaxWindows = 10;  // a run that never pauses still gets a new row now and then
// From the end of a run to its last extension: longer than a program of the kernel runs.
constexpr int64_t kSettleNs = 5'000'000;
constexpr absl::Duration kLongestWindow = absl::Hours(1);  // ten of it are far from overflow

uint64_t Pack(uint64_t a, uint64_t b) { return a << 32 | (b & 0xffffffff); }

uint64_t NamespaceId(const nsobs_namespaces& ns, int kind) {
  return ns.id[kind] != 0 ? ns.id[kind] : ns.inode[kind];
}

// Records of a ring are aligned to 8 bytes, as the structs are: what isn't is no such record.
bool IsAligned(absl::Span<const uint8_t> record) {
  return reinterpret_cast<uintptr_t>(record.data()) % alignof(nsobs_header) == 0;
}

// Wraps around like the clock itself would: no times overflow, however wrong they are.
int64_t Elapsed(int64_t from_ns, int64_t to_ns) {
  return static_cast<int64_t>(static_cast<uint64_t>(to_ns) - static_cast<uint64_t>(from_ns));
}

template <typename T>
const T* Cast(absl::Span<const uint8_t> record) {
  // Merge() saw to the alignment.
  return record.size() == sizeof(T) ? reinterpret_cast<const T*>(record.data()) : nullptr;
}

void CommWords(const char* comm, uint64_t* out) { memcpy(out, comm, NSOBS_COMM_LEN); }

// The run of the kernel that the record begins; 0: none. MakeKey() saw to the size.
uint64_t KernelRunOf(absl::Span<const uint8_t> record, uint8_t kind) {
  if (kind == NSOBS_KIND_SIGNAL) return Cast<nsobs_signal>(record)->run;
  if (kind == NSOBS_KIND_CONNECT_FAILURE) return Cast<nsobs_connect_failure>(record)->run;
  return 0;
}

// Did it succeed, so that there may be a new namespace to know about?
bool MakesNamespaces(absl::Span<const uint8_t> record) {
  const auto* r = Cast<nsobs_namespace_change>(record);
  return r != nullptr && r->error == 0;
}

using Words = std::array<uint64_t, 12>;

// The same way through the same namespace; the source's port differs with each attempt.
bool DropKey(absl::Span<const uint8_t> record, Words* key) {
  const auto* r = Cast<nsobs_packet_drop>(record);
  if (r == nullptr) return false;
  Words& k = *key;
  k[1] = r->process.cgroup.id;
  k[2] = r->net_id != 0 ? r->net_id : r->net_inode;
  CommWords(r->process.comm, &k[3]);
  memcpy(&k[5], r->source, sizeof r->source);
  memcpy(&k[7], r->destination, sizeof r->destination);
  k[9] = Pack(r->destination_port, r->protocol * 256u + r->hook);
  k[10] = Pack(r->process.cgroup.hierarchy, r->family);
  k[11] = absl::HashOf(absl::string_view(r->interface, sizeof r->interface),
                       NamespaceId(r->process.ns, NSOBS_NS_MNT));
  return true;
}

// The same program that can't have the same address.
bool BindKey(absl::Span<const uint8_t> record, Words* key) {
  const auto* r = Cast<nsobs_bind_failure>(record);
  if (r == nullptr) return false;
  Words& k = *key;
  k[1] = r->process.cgroup.id;
  k[2] = NamespaceId(r->process.ns, NSOBS_NS_NET);
  k[3] = NamespaceId(r->process.ns, NSOBS_NS_MNT);
  CommWords(r->process.comm, &k[4]);
  memcpy(&k[6], r->address, sizeof r->address);
  k[8] = Pack(r->port, static_cast<uint32_t>(r->error));
  k[9] = Pack(r->protocol * 256u + r->operation, r->family);
  k[10] = Pack(r->process.cgroup.hierarchy, r->process.uid);
  const size_t path_len = std::min<size_t>(r->path_len, sizeof r->path);
  if (path_len != 0) k[11] = absl::HashOf(absl::string_view(r->path, path_len));
  return true;
}

// The same program that fails the same way on the same path.
bool FileKey(absl::Span<const uint8_t> record, Words* key) {
  const auto* r = Cast<nsobs_file_failure>(record);
  if (r == nullptr) return false;
  Words& k = *key;
  k[1] = r->process.cgroup.id;
  k[2] = NamespaceId(r->process.ns, NSOBS_NS_MNT);
  CommWords(r->process.comm, &k[3]);
  k[5] = Pack(r->operation * 256u + r->path_source, static_cast<uint32_t>(r->error));
  k[6] = r->flags;
  k[7] = Pack(r->process.cgroup.hierarchy, r->process.uid);
  k[8] = absl::HashOf(absl::string_view(r->path, std::min<size_t>(r->path_len, sizeof r->path)));
  return true;
}

// The same program that fails the same way at the same server. The question tells apart only what
// the server said about it: one that is silent is silent whatever it is asked.
bool DnsKey(absl::Span<const uint8_t> record, Words* key) {
  const auto* r = Cast<nsobs_dns_failure>(record);
  if (r == nullptr) return false;
  Words& k = *key;
  k[1] = r->process.cgroup.id;
  k[2] = r->net_id != 0 ? r->net_id : r->net_inode;
  k[3] = NamespaceId(r->process.ns, NSOBS_NS_MNT);
  CommWords(r->process.comm, &k[4]);
  memcpy(&k[6], r->server, sizeof r->server);
  k[8] = Pack(r->port, r->protocol * 65536u + r->outcome * 256u + r->given_up);
  k[9] = Pack(r->process.cgroup.hierarchy, r->family);
  k[10] = r->process.uid;
  const size_t size = std::min<size_t>(r->question_len, sizeof r->question);
  if (r->outcome != NSOBS_DNS_NO_ANSWER) k[11] = absl::HashOf(absl::string_view(r->question, size));
  return true;
}

}  // namespace

Coalescer::Coalescer(CoalescerOptions options) : max_runs_(options.max_runs) {
  set_window(options.window);
}

void Coalescer::set_window(absl::Duration window) {
  window_ns_ = absl::ToInt64Nanoseconds(std::min(window, kLongestWindow));
}

bool Coalescer::MakeKey(absl::Span<const uint8_t> record, Key* key) {
  const auto* header = reinterpret_cast<const nsobs_header*>(record.data());
  Key& k = *key;
  k.fill(0);
  k[0] = header->kind;
  if (header->kind == NSOBS_KIND_SIGNAL) {
    const auto* r = Cast<nsobs_signal>(record);
    if (r == nullptr) return false;
    k[1] = Pack(r->target.pid, r->sender.pid);
    k[2] = r->target.start_boot_ns;
    k[3] = r->sender.start_boot_ns;
    k[4] = Pack(static_cast<uint32_t>(r->signal), static_cast<uint32_t>(r->code));
    k[5] = Pack(r->result * 256u + r->handler, r->group * 256u + r->by_kernel);
    CommWords(r->sender.comm, &k[7]);
    return true;
  }
  if (header->kind == NSOBS_KIND_CONNECT_FAILURE) {
    const auto* r = Cast<nsobs_connect_failure>(record);
    if (r == nullptr) return false;
    k[1] = r->process.cgroup.id;
    k[2] = NamespaceId(r->process.ns, NSOBS_NS_NET);
    k[3] = NamespaceId(r->process.ns, NSOBS_NS_MNT);
    CommWords(r->process.comm, &k[4]);
    memcpy(&k[6], r->remote, sizeof r->remote);
    k[8] = Pack(r->remote_port, static_cast<uint32_t>(r->error));
    k[9] = Pack(r->protocol * 256u + r->phase, r->family);
    k[10] = Pack(r->process.cgroup.hierarchy, r->process.uid);
    // With its length: abstract names may differ by nothing but NUL bytes at the end.
    const size_t path_len = std::min<size_t>(r->path_len, sizeof r->path);
    if (path_len != 0) k[11] = absl::HashOf(absl::string_view(r->path, path_len));
    return true;
  }
  if (header->kind == NSOBS_KIND_NAMESPACE_CHANGE) {
    const auto* r = Cast<nsobs_namespace_change>(record);
    if (r == nullptr) return false;
    k[1] = Pack(r->process.pid, r->operation);
    k[2] = r->process.start_boot_ns;
    k[3] = Pack(r->flags, static_cast<uint32_t>(r->error));
    k[4] = r->changed;
    return true;
  }
  if (header->kind == NSOBS_KIND_PACKET_DROP) return DropKey(record, key);
  if (header->kind == NSOBS_KIND_BIND_FAILURE) return BindKey(record, key);
  if (header->kind == NSOBS_KIND_FILE_FAILURE) return FileKey(record, key);
  if (header->kind == NSOBS_KIND_DNS_FAILURE) return DnsKey(record, key);
  return false;  // OOM kills, lifecycle and context: each for itself
}

bool Coalescer::Expired(const Run& run, int64_t now_ns) const {
  return Elapsed(run.last_ns, now_ns) > window_ns_ ||
         Elapsed(run.first_ns, now_ns) > kMaxWindows * window_ns_;
}

// A run of the kernel always gets one of ours, even if there are too many or the window was just
// set to zero: what it goes on to count must have a row.
bool Coalescer::Merge(absl::Span<const uint8_t> record, uint64_t* run_id) {
  *run_id = 0;
  Key key;
  if (record.size() < sizeof(nsobs_header) || !IsAligned(record) || !MakeKey(record, &key)) {
    return false;
  }
  const auto* header = reinterpret_cast<const nsobs_header*>(record.data());
  const auto now_ns = static_cast<int64_t>(header->boot_ns);
  const uint64_t kernel_run = KernelRunOf(record, header->kind);
  if (window_ns_ <= 0 && kernel_run == 0) return false;
  auto it = runs_.find(key);
  if (it != runs_.end() && !Expired(*it->second, now_ns)) {
    const bool merged = Join(it->second.get(), *header, run_id);
    Attach(it->second.get(), kernel_run);
    return merged;
  }
  if (it != runs_.end()) {
    BeginEnd(std::move(it->second));
    runs_.erase(it);
  } else if (runs_.size() >= max_runs_ && kernel_run == 0) {
    return false;
  }
  auto run = std::make_unique<Run>();
  run->kind = EventKindOf(header->kind);
  run->owner = OwnerOfRecord(record);
  run->first_ns = run->last_ns = now_ns;
  run->singles = header->kind == NSOBS_KIND_NAMESPACE_CHANGE && MakesNamespaces(record)
                     ? kSinglesOfNamespaceChange
                     : 0;
  if (run->singles == 0) *run_id = run->run_id = next_run_id_++;
  Attach(run.get(), kernel_run);
  runs_.emplace(key, std::move(run));
  return false;
}

bool Coalescer::Join(Run* run, const nsobs_header& header, uint64_t* run_id) {
  run->last_ns = std::max(run->last_ns, static_cast<int64_t>(header.boot_ns));
  if (run->singles > 0) {
    --run->singles;
    return false;
  }
  if (run->run_id != 0) {
    ++run->count;
    ++run->added[header.epoch & 1];
    return true;
  }
  // The singles are used up: this one begins the row that the next ones extend.
  *run_id = run->run_id = next_run_id_++;
  return false;
}

void Coalescer::Attach(Run* run, uint64_t kernel_run) {
  if (kernel_run == 0) return;
  uint64_t& latest = latest_[kernel_run >> NSOBS_RUN_SLOT_SHIFT];
  latest = std::max(latest, kernel_run);
  if (attached_.emplace(kernel_run, run).second) run->attached.push_back(kernel_run);
}

void Coalescer::Detach(const Run& run) {
  for (uint64_t kernel_run : run.attached) attached_.erase(kernel_run);
}

void Coalescer::BeginEnd(RunPtr run) {
  unwanted_.insert(unwanted_.end(), run->attached.begin(), run->attached.end());
  closing_.push_back(std::move(run));
}

uint64_t Coalescer::Adopt(EventKind kind, const CounterKey& owner, uint64_t count,
                          const std::vector<uint64_t>& kernel_runs) {
  auto run = std::make_unique<Run>();
  run->run_id = next_run_id_++;
  run->kind = kind;
  run->owner = owner;
  run->count = count;
  for (const uint64_t kernel_run : kernel_runs) Attach(run.get(), kernel_run);
  const uint64_t id = run->run_id;
  BeginEnd(std::move(run));
  return id;
}

void Coalescer::Disown(uint64_t kernel_run) {
  uint64_t& latest = latest_[kernel_run >> NSOBS_RUN_SLOT_SHIFT];
  latest = std::max(latest, kernel_run);
  unwanted_.push_back(kernel_run);
}

uint64_t Coalescer::RunOf(uint64_t kernel_run) const {
  auto it = attached_.find(kernel_run);
  return it == attached_.end() ? 0 : it->second->run_id;
}

Coalescer::Grown Coalescer::Extend(const RunGrowth& growth) {
  auto it = attached_.find(growth.run);
  if (it == attached_.end()) {
    auto latest = latest_.find(growth.run >> NSOBS_RUN_SLOT_SHIFT);
    return latest != latest_.end() && latest->second >= growth.run ? Grown::kLost : Grown::kUnknown;
  }
  Run& run = *it->second;
  run.last_ns = std::max(run.last_ns, growth.last_boot_ns);
  for (size_t epoch = 0; epoch < 2; ++epoch) {
    run.count += growth.added[epoch];
    run.added[epoch] += growth.added[epoch];
  }
  return Grown::kCounted;
}

std::vector<uint64_t> Coalescer::AttachedRuns() const {
  std::vector<uint64_t> out;
  out.reserve(attached_.size());
  for (const auto& [kernel_run, run] : attached_) out.push_back(kernel_run);
  return out;
}

void Coalescer::SetOpen(uint64_t kernel_run, bool open) {
  if (open) {
    still_open_.insert(kernel_run);
  } else {
    still_open_.erase(kernel_run);
  }
}

bool Coalescer::IsStillOpen(const Run& run) const {
  return std::any_of(run.attached.begin(), run.attached.end(),
                     [this](uint64_t one) { return still_open_.contains(one); });
}

void Coalescer::PutExtension(Run* run, RecordBatch* out) {
  if (run->added[0] + run->added[1] == 0) return;
  out->extensions.push_back(
      {run->run_id, run->kind, run->count, run->last_ns, run->added, run->owner});
  run->added = {};
}

void Coalescer::Flush(int64_t now_boot_ns, RecordBatch* out) {
  absl::erase_if(runs_, [&](auto& entry) {
    PutExtension(entry.second.get(), out);
    if (!Expired(*entry.second, now_boot_ns)) return false;
    BeginEnd(std::move(entry.second));
    return true;
  });
  std::erase_if(closing_, [&](RunPtr& run) {
    PutExtension(run.get(), out);
    if (IsStillOpen(*run)) {
      run->closed_ns = 0;
      return false;
    }
    if (run->closed_ns == 0) run->closed_ns = now_boot_ns;
    if (!run->attached.empty() && Elapsed(run->closed_ns, now_boot_ns) < kSettleNs) return false;
    Detach(*run);
    if (run->run_id != 0) out->ended_runs.push_back(run->run_id);
    return true;
  });
}

std::array<uint64_t, 2> Coalescer::Drop(uint64_t run_id) {
  std::array<uint64_t, 2> lost{};
  const auto drop = [&](const Run& run) {
    if (run.run_id != run_id) return false;
    for (size_t epoch = 0; epoch < 2; ++epoch) lost[epoch] += run.added[epoch];
    unwanted_.insert(unwanted_.end(), run.attached.begin(), run.attached.end());
    Detach(run);
    return true;
  };
  absl::erase_if(runs_, [&](const auto& entry) { return drop(*entry.second); });
  std::erase_if(closing_, [&](const RunPtr& run) { return drop(*run); });
  return lost;
}

}  // namespace nsobs
