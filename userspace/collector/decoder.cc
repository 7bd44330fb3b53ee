#include "userspace/collector/decoder.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bpf/event_abi.h"
#include "userspace/collector/dns_question.h"
#include "userspace/collector/kind_map.h"

namespace nsobs {
namespace {

constexpr uint64_t kUnlimited = ~uint64_t{0};
constexpr uint32_t kNoLogin = ~uint32_t{0};

// A copy of the record as T, whose size must be exactly that; nullopt otherwise.
template <typename T>
std::optional<T> As(absl::Span<const uint8_t> record) {
  if (record.size() != sizeof(T)) return std::nullopt;
  T out;
  memcpy(&out, record.data(), sizeof out);
  return out;
}

std::string FixedText(const char* text, size_t size) {
  return std::string(text, strnlen(text, size));
}

NamespaceSet ToNamespaces(const nsobs_namespaces& in) {
  NamespaceSet out;
  for (NamespaceKind kind : kNamespaceKinds) {
    const auto i = static_cast<size_t>(kind);
    out[kind] = {in.inode[i], in.id[i]};
  }
  return out;
}

Process ToProcess(const nsobs_process& in) {
  Process out;
  out.pid = in.pid;
  out.tid = in.tid;
  out.ns_pid = in.ns_pid;
  out.parent_pid = in.parent_pid;
  out.start_boot_ns = in.start_boot_ns;
  out.uid = in.uid;
  if (in.login_uid != kNoLogin) out.login_uid = in.login_uid;
  out.comm = FixedText(in.comm, sizeof in.comm);
  out.cgroup = {in.cgroup.id, in.cgroup.hierarchy};
  out.cgroup_level = in.cgroup.level;
  out.namespaces = ToNamespaces(in.ns);
  return out;
}

Executable ToExecutable(const nsobs_executable& in) {
  return {in.inode, in.device, in.nameless != 0};
}

std::vector<Forebear> ToForebears(const nsobs_process_exec& in) {
  std::vector<Forebear> out;
  for (const nsobs_ancestor& ancestor : in.ancestors) {
    if (ancestor.pid == 0) break;
    out.push_back({{ancestor.pid, ancestor.start_boot_ns},
                   FixedText(ancestor.comm, sizeof ancestor.comm),
                   ToExecutable(ancestor.executable)});
  }
  return out;
}

// "0.0.0.0" too.
std::string AnyAddressText(uint16_t family, const uint8_t (&address)[16]) {
  if (family != AF_INET && family != AF_INET6) return "";
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(family, address, text, sizeof text);
  return text;
}

// "" where none was given.
std::string AddressText(uint16_t family, const uint8_t (&address)[16]) {
  static constexpr uint8_t kZero[16] = {};
  return memcmp(address, kZero, sizeof kZero) == 0 ? "" : AnyAddressText(family, address);
}

// Words of argv, NUL separated in the record.
std::string JoinWords(const uint8_t* bytes, size_t size) {
  std::string out(reinterpret_cast<const char*>(bytes), size);
  while (!out.empty() && out.back() == '\0') out.pop_back();
  std::replace(out.begin(), out.end(), '\0', ' ');
  return out;
}

// sun_path: a leading NUL byte marks an abstract name, shown as '@' as ss(8) does.
template <typename Record>
std::string UnixPath(const Record& r) {
  const size_t size = std::min<size_t>(r.path_len, sizeof r.path);
  if (size == 0) return "";
  if (r.path[0] == '\0') return absl::StrCat("@", absl::string_view(r.path + 1, size - 1));
  return FixedText(r.path, size);
}

bool Decode(absl::Span<const uint8_t> record, nsobs_namespace_change*, Event* out) {
  auto r = As<nsobs_namespace_change>(record);
  if (!r || r->operation < NSOBS_OP_SETNS || r->operation > NSOBS_OP_CLONE) return false;
  NamespaceChange change;
  change.operation = static_cast<NamespaceChange::Operation>(r->operation);
  change.error = r->error;
  change.flags = r->flags;
  change.changed = r->changed;
  change.from = ToNamespaces(r->from);
  change.to = ToNamespaces(r->to);
  change.child_pid = r->child_pid;
  change.child_ns_pid = r->child_ns_pid;
  change.executable = ToExecutable(r->executable);
  out->process = ToProcess(r->process);
  out->detail = std::move(change);
  return true;
}

bool Decode(absl::Span<const uint8_t> record, nsobs_connect_failure*, Event* out) {
  auto r = As<nsobs_connect_failure>(record);
  if (!r || r->protocol < NSOBS_PROTO_TCP || r->protocol >= NSOBS_PROTO_END) return false;
  if (r->phase < NSOBS_PHASE_IMMEDIATE || r->phase > NSOBS_PHASE_ABANDONED) return false;
  if (r->destination_source > NSOBS_DEST_CALLER) return false;
  ConnectFailure failure;
  failure.protocol = static_cast<Protocol>(r->protocol);
  failure.phase = static_cast<ConnectFailure::Phase>(r->phase);
  failure.destination_source =
      static_cast<ConnectFailure::DestinationSource>(r->destination_source);
  failure.family = r->family;
  failure.destination = AddressText(r->family, r->remote);
  failure.port = r->remote_port;
  failure.source = AddressText(r->family, r->local);
  failure.source_port = r->local_port;
  failure.path = UnixPath(*r);
  failure.error = r->error;
  failure.duration_ns = r->duration_ns;
  out->process = ToProcess(r->process);
  out->detail = std::move(failure);
  return true;
}

bool Decode(absl::Span<const uint8_t> record, nsobs_signal*, Event* out) {
  auto r = As<nsobs_signal>(record);
  if (!r || r->signal < 1 || r->signal >= NSOBS_SIGNALS) return false;
  if (r->result < NSOBS_SIGNAL_DELIVERED || r->result >= NSOBS_SIGNAL_RESULTS) return false;
  if (r->handler > 2) return false;
  Signal signal;
  signal.signal = r->signal;
  signal.code = r->code;
  signal.result = static_cast<Signal::Result>(r->result);
  signal.handler = static_cast<Signal::Handler>(r->handler);
  signal.group = r->group != 0;
  signal.by_kernel = r->by_kernel != 0;
  signal.sender = ToProcess(r->sender);
  out->process = ToProcess(r->target);
  out->detail = std::move(signal);
  return true;
}

bool Decode(absl::Span<const uint8_t> record, nsobs_oom_kill*, Event* out) {
  auto r = As<nsobs_oom_kill>(record);
  if (!r || r->reason < NSOBS_OOM_CGROUP || r->reason > NSOBS_OOM_HOST) return false;
  OomKill kill;
  kill.reason = static_cast<OomKill::Reason>(r->reason);
  kill.trigger = ToProcess(r->trigger);
  kill.victim_memory = {r->victim_memory.id, r->victim_memory.hierarchy};
  kill.limit_cgroup = {r->limit.id, r->limit.hierarchy};
  if (r->limit_bytes != kUnlimited) kill.limit_bytes = r->limit_bytes;
  kill.usage_bytes = r->usage_bytes;
  kill.anon_bytes = r->anon_bytes;
  kill.file_bytes = r->file_bytes;
  kill.shmem_bytes = r->shmem_bytes;
  kill.oom_score_adj = r->oom_score_adj;
  out->process = ToProcess(r->victim);
  out->detail = std::move(kill);
  return true;
}

bool Decode(absl::Span<const uint8_t> record, nsobs_cgroup_change*, Event* out) {
  auto r = As<nsobs_cgroup_change>(record);
  if (!r) return false;
  CgroupChange change;
  change.cgroup = {r->cgroup.id, r->cgroup.hierarchy};
  change.level = r->cgroup.level;
  change.born = r->born != 0;
  change.truncated = r->truncated != 0;
  change.path = std::string(r->path, std::min<size_t>(r->path_len, sizeof r->path));
  out->detail = std::move(change);
  return true;
}

// The only record whose length varies: it ends with the arguments.
bool Decode(absl::Span<const uint8_t> record, nsobs_process_exec*, Event* out) {
  constexpr size_t kFixed = offsetof(nsobs_process_exec, args);
  if (record.size() < kFixed || record.size() > sizeof(nsobs_process_exec)) return false;
  nsobs_process_exec r{};
  memcpy(&r, record.data(), kFixed);
  if (record.size() != kFixed + r.args_len) return false;
  out->process = ToProcess(r.process);
  out->detail = ProcessExec{JoinWords(record.data() + kFixed, r.args_len), r.truncated != 0,
                            ToExecutable(r.executable), ToForebears(r)};
  return true;
}

bool Decode(absl::Span<const uint8_t> record, nsobs_process_exit*, Event* out) {
  auto r = As<nsobs_process_exit>(record);
  if (!r) return false;
  out->process = ToProcess(r->process);
  out->detail = ProcessExit{r->exit_code, r->signal, r->core_dumped != 0, r->lifetime_ns};
  return true;
}

bool Decode(absl::Span<const uint8_t> record, nsobs_packet_drop*, Event* out) {
  auto r = As<nsobs_packet_drop>(record);
  if (!r || (r->protocol != NSOBS_PROTO_TCP && r->protocol != NSOBS_PROTO_UDP)) return false;
  if (r->hook >= NSOBS_HOOK_END) return false;
  PacketDrop drop;
  drop.protocol = static_cast<Protocol>(r->protocol);
  drop.hook = static_cast<PacketDrop::Hook>(r->hook);
  drop.family = r->family;
  drop.source = AnyAddressText(r->family, r->source);
  drop.source_port = r->source_port;
  drop.destination = AnyAddressText(r->family, r->destination);
  drop.port = r->destination_port;
  drop.interface = FixedText(r->interface, sizeof r->interface);
  drop.net = {r->net_inode, r->net_id};
  out->process = ToProcess(r->process);
  out->detail = std::move(drop);
  return true;
}

bool Decode(absl::Span<const uint8_t> record, nsobs_bind_failure*, Event* out) {
  auto r = As<nsobs_bind_failure>(record);
  if (!r || r->protocol < NSOBS_PROTO_TCP || r->protocol >= NSOBS_PROTO_END) return false;
  if (r->operation < NSOBS_BIND_BIND || r->operation > NSOBS_BIND_LISTEN) return false;
  if (r->address_source > NSOBS_DEST_CALLER) return false;
  BindFailure failure;
  failure.operation = static_cast<BindFailure::Operation>(r->operation);
  failure.protocol = static_cast<Protocol>(r->protocol);
  failure.address_source = static_cast<ConnectFailure::DestinationSource>(r->address_source);
  failure.family = r->family;
  failure.address = AnyAddressText(r->family, r->address);
  failure.port = r->port;
  failure.path = UnixPath(*r);
  failure.error = r->error;
  out->process = ToProcess(r->process);
  out->detail = std::move(failure);
  return true;
}

bool Decode(absl::Span<const uint8_t> record, nsobs_file_failure*, Event* out) {
  auto r = As<nsobs_file_failure>(record);
  if (!r || r->operation < NSOBS_FILE_OPEN || r->operation >= NSOBS_FILE_END) return false;
  if (r->path_source > NSOBS_PATH_CALLER) return false;
  FileFailure failure;
  failure.operation = static_cast<FileFailure::Operation>(r->operation);
  failure.path_source = static_cast<FileFailure::PathSource>(r->path_source);
  failure.path = FixedText(r->path, std::min<size_t>(r->path_len, sizeof r->path));
  failure.truncated = r->truncated != 0;
  failure.flags = r->flags;
  failure.error = r->error;
  out->process = ToProcess(r->process);
  out->detail = std::move(failure);
  return true;
}

bool Decode(absl::Span<const uint8_t> record, nsobs_dns_failure*, Event* out) {
  auto r = As<nsobs_dns_failure>(record);
  if (!r || (r->protocol != NSOBS_PROTO_TCP && r->protocol != NSOBS_PROTO_UDP)) return false;
  if (r->outcome < NSOBS_DNS_NO_ANSWER || r->outcome >= NSOBS_DNS_END) return false;
  if (r->question_len > sizeof r->question) return false;
  DnsFailure failure;
  failure.protocol = static_cast<Protocol>(r->protocol);
  failure.outcome = static_cast<DnsFailure::Outcome>(r->outcome);
  failure.family = r->family;
  failure.server = AnyAddressText(r->family, r->server);
  failure.port = r->port;
  DnsQuestion question =
      ReadDnsQuestion({reinterpret_cast<const uint8_t*>(r->question), r->question_len});
  failure.name = std::move(question.name);
  failure.name_whole = question.whole;
  failure.type = question.type;
  failure.duration_ns = r->duration_ns;
  failure.given_up = r->given_up != 0;
  failure.net = {r->net_inode, r->net_id};
  out->process = ToProcess(r->process);
  out->detail = std::move(failure);
  return true;
}

bool DecodeDetail(absl::Span<const uint8_t> record, uint8_t kind, Event* out) {
  switch (kind) {
    case NSOBS_KIND_NAMESPACE_CHANGE:
      return Decode(record, static_cast<nsobs_namespace_change*>(nullptr), out);
    case NSOBS_KIND_CONNECT_FAILURE:
      return Decode(record, static_cast<nsobs_connect_failure*>(nullptr), out);
    case NSOBS_KIND_SIGNAL:
      return Decode(record, static_cast<nsobs_signal*>(nullptr), out);
    case NSOBS_KIND_OOM_KILL:
      return Decode(record, static_cast<nsobs_oom_kill*>(nullptr), out);
    case NSOBS_KIND_CGROUP_CHANGE:
      return Decode(record, static_cast<nsobs_cgroup_change*>(nullptr), out);
    case NSOBS_KIND_PROCESS_EXEC:
      return Decode(record, static_cast<nsobs_process_exec*>(nullptr), out);
    case NSOBS_KIND_PROCESS_EXIT:
      return Decode(record, static_cast<nsobs_process_exit*>(nullptr), out);
    case NSOBS_KIND_PACKET_DROP:
      return Decode(record, static_cast<nsobs_packet_drop*>(nullptr), out);
    case NSOBS_KIND_BIND_FAILURE:
      return Decode(record, static_cast<nsobs_bind_failure*>(nullptr), out);
    case NSOBS_KIND_FILE_FAILURE:
      return Decode(record, static_cast<nsobs_file_failure*>(nullptr), out);
    case NSOBS_KIND_DNS_FAILURE:
      return Decode(record, static_cast<nsobs_dns_failure*>(nullptr), out);
    default:  // a number from outside, not an enum of ours
      return false;
  }
}

}  // namespace

absl::StatusOr<Event> DecodeEvent(absl::Span<const uint8_t> record) {
  nsobs_header header;
  if (record.size() < sizeof header) return absl::InvalidArgumentError("record without header");
  memcpy(&header, record.data(), sizeof header);
  if (header.version != NSOBS_ABI_VERSION || header.size != record.size() || header.epoch > 1) {
    return absl::InvalidArgumentError(absl::StrCat("bad header: version ", header.version,
                                                   ", size ", header.size, " of ", record.size()));
  }
  Event event;
  if (!DecodeDetail(record, header.kind, &event)) {
    return absl::InvalidArgumentError(
        absl::StrCat("bad record of kind ", header.kind, ", ", record.size(), " bytes"));
  }
  event.kind = EventKindOf(header.kind);
  event.epoch = header.epoch;
  event.cpu = header.cpu;
  event.boot_ns = static_cast<int64_t>(header.boot_ns);
  return event;
}

void DecodeHostTasks(absl::Span<const uint8_t> records, std::vector<HostTask>* out) {
  for (; records.size() >= sizeof(nsobs_host_task);
       records.remove_prefix(sizeof(nsobs_host_task))) {
    const auto r = As<nsobs_host_task>(records.first(sizeof(nsobs_host_task)));
    out->push_back({ToProcess(r->process), r->zombie != 0});
  }
}

}  // namespace nsobs
