#include "tests/unit/collector/records.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>

namespace nsobs {
namespace {

template <typename T>
T WithHeader(uint8_t kind) {
  T record{};
  record.h = {NSOBS_ABI_VERSION, sizeof(T), kind, /*epoch=*/1, /*cpu=*/513, kSampleBootNs};
  return record;
}

template <typename T>
std::string Text(const T& record) {
  return std::string(reinterpret_cast<const char*>(&record), record.h.size);
}

}  // namespace

nsobs_namespaces SampleNamespaces(uint32_t first) {
  nsobs_namespaces out{};
  for (uint32_t i = 0; i < NSOBS_NS_KINDS; ++i) {
    out.inode[i] = first + i;
    out.id[i] = uint64_t{first + i} << 33;
  }
  return out;
}

nsobs_process SampleProcess(uint32_t pid, std::string_view comm) {
  nsobs_process out{};
  out.start_boot_ns = uint64_t{pid} << 34;
  out.cgroup = {uint64_t{pid} << 35, pid + 1, pid + 2};
  out.ns = SampleNamespaces(pid * 100);
  out.pid = pid;
  out.tid = pid + 3;
  out.ns_pid = pid + 4;
  out.parent_pid = pid + 5;
  out.uid = pid + 6;
  out.login_uid = pid + 7;
  memcpy(out.comm, comm.data(), std::min(comm.size(), sizeof out.comm));
  return out;
}

nsobs_namespace_change SampleNamespaceChange() {
  auto r = WithHeader<nsobs_namespace_change>(NSOBS_KIND_NAMESPACE_CHANGE);
  r.process = SampleProcess(10, "unshare");
  r.from = SampleNamespaces(20);
  r.to = SampleNamespaces(30);
  r.flags = 0x40000000;
  r.error = 0;
  r.operation = NSOBS_OP_CLONE;
  r.child_pid = 41;
  r.changed = 0x0A;
  r.child_ns_pid = 42;
  return r;
}

nsobs_connect_failure SampleConnectFailure() {
  auto r = WithHeader<nsobs_connect_failure>(NSOBS_KIND_CONNECT_FAILURE);
  r.process = SampleProcess(10, "curl");
  r.duration_ns = 250'000;
  const uint8_t remote[] = {10, 0, 0, 7}, local[] = {10, 0, 0, 2};
  memcpy(r.remote, remote, sizeof remote);
  memcpy(r.local, local, sizeof local);
  r.remote_port = 5432;
  r.local_port = 40000;
  r.family = AF_INET;
  r.protocol = NSOBS_PROTO_TCP;
  r.phase = NSOBS_PHASE_LATER;
  r.error = ECONNREFUSED;
  r.destination_source = NSOBS_DEST_SOCKET;
  return r;
}

nsobs_packet_drop SamplePacketDrop() {
  auto r = WithHeader<nsobs_packet_drop>(NSOBS_KIND_PACKET_DROP);
  r.process = SampleProcess(10, "curl");
  r.net_id = 77;
  r.net_inode = 4026532846;
  r.family = AF_INET;
  r.protocol = NSOBS_PROTO_TCP;
  r.hook = NSOBS_HOOK_FORWARD;
  const uint8_t source[] = {10, 0, 0, 2}, destination[] = {10, 0, 0, 7};
  memcpy(r.source, source, sizeof source);
  memcpy(r.destination, destination, sizeof destination);
  r.source_port = 40000;
  r.destination_port = 5432;
  memcpy(r.interface, "eth0", 5);
  return r;
}

nsobs_bind_failure SampleBindFailure() {
  auto r = WithHeader<nsobs_bind_failure>(NSOBS_KIND_BIND_FAILURE);
  r.process = SampleProcess(10, "nginx");
  r.port = 80;
  r.family = AF_INET;
  r.protocol = NSOBS_PROTO_TCP;
  r.operation = NSOBS_BIND_BIND;
  r.address_source = NSOBS_DEST_CALLER;
  r.error = EADDRINUSE;
  return r;
}

nsobs_file_failure SampleFileFailure() {
  auto r = WithHeader<nsobs_file_failure>(NSOBS_KIND_FILE_FAILURE);
  r.process = SampleProcess(10, "nginx");
  r.flags = 0101;
  r.error = EROFS;
  r.operation = NSOBS_FILE_OPEN;
  r.path_source = NSOBS_PATH_CALLER;
  memcpy(r.path, "/var/log/x", 10);
  r.path_len = 10;
  return r;
}

// "db.example", A, over UDP to 10.0.0.53.
nsobs_dns_failure SampleDnsFailure() {
  static constexpr char kQuestion[] = "\2db\7example\0\0\1\0\1";
  auto r = WithHeader<nsobs_dns_failure>(NSOBS_KIND_DNS_FAILURE);
  r.process = SampleProcess(10, "curl");
  r.duration_ns = 4'000'000'000;
  r.net_id = 77;
  r.net_inode = 4026532846;
  r.family = AF_INET;
  r.port = 53;
  const uint8_t server[] = {10, 0, 0, 53};
  memcpy(r.server, server, sizeof server);
  r.protocol = NSOBS_PROTO_UDP;
  r.outcome = NSOBS_DNS_SERVFAIL;
  r.question_len = sizeof kQuestion - 1;
  memcpy(r.question, kQuestion, sizeof kQuestion - 1);
  return r;
}

nsobs_signal SampleSignal() {
  auto r = WithHeader<nsobs_signal>(NSOBS_KIND_SIGNAL);
  r.target = SampleProcess(10, "web");
  r.sender = SampleProcess(20, "kill");
  r.signal = 15;
  r.code = -6;
  r.result = NSOBS_SIGNAL_IGNORED;
  r.group = 1;
  r.by_kernel = 0;
  r.handler = 2;
  return r;
}

nsobs_oom_kill SampleOomKill() {
  auto r = WithHeader<nsobs_oom_kill>(NSOBS_KIND_OOM_KILL);
  r.victim = SampleProcess(10, "web");
  r.trigger = SampleProcess(20, "hog");
  r.victim_memory = {uint64_t{1} << 40, 5, 6};
  r.limit = {uint64_t{1} << 41, 7, 8};
  r.limit_bytes = 1 << 26;
  r.usage_bytes = 2;
  r.anon_bytes = 3;
  r.file_bytes = 4;
  r.shmem_bytes = 5;
  r.oom_score_adj = -997;
  r.reason = NSOBS_OOM_ANCESTOR;
  return r;
}

nsobs_cgroup_change SampleCgroupChange(std::string_view path) {
  auto r = WithHeader<nsobs_cgroup_change>(NSOBS_KIND_CGROUP_CHANGE);
  r.cgroup = {uint64_t{1} << 40, 5, 6};
  r.born = 1;
  r.path_len = static_cast<uint16_t>(path.size());
  memcpy(r.path, path.data(), std::min(path.size(), sizeof r.path));
  return r;
}

nsobs_process_exec SampleExec(std::string_view args) {
  auto r = WithHeader<nsobs_process_exec>(NSOBS_KIND_PROCESS_EXEC);
  r.process = SampleProcess(10, "curl");
  r.executable = {77, 8 << 20 | 1, 1, {}};
  r.ancestors[0] = {5'000'000'000, 9, 0, {66, 8 << 20 | 1, 0, {}}, "sh"};
  const size_t size = std::min(args.size(), sizeof r.args);
  r.args_len = static_cast<uint16_t>(size);
  r.h.size = static_cast<uint16_t>(offsetof(nsobs_process_exec, args) + size);
  memcpy(r.args, args.data(), size);
  return r;
}

nsobs_process_exit SampleExit() {
  auto r = WithHeader<nsobs_process_exit>(NSOBS_KIND_PROCESS_EXIT);
  r.process = SampleProcess(10, "curl");
  r.lifetime_ns = 77;
  r.exit_code = 3;
  r.signal = 11;
  r.core_dumped = 1;
  return r;
}

std::vector<std::string> SampleOfEachKind() {
  return {Text(SampleNamespaceChange()),
          Text(SampleConnectFailure()),
          Text(SamplePacketDrop()),
          Text(SampleBindFailure()),
          Text(SampleFileFailure()),
          Text(SampleDnsFailure()),
          Text(SampleSignal()),
          Text(SampleOomKill()),
          Text(SampleCgroupChange("/machine.slice/x")),
          Text(SampleExec(std::string_view("curl\0-s\0", 8))),
          Text(SampleExit())};
}

}  // namespace nsobs
