// Each kind of record: every field arrives where it belongs.
#include "userspace/collector/decoder.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string.h>
#include <sys/socket.h>

#include <string>
#include <variant>

#include "tests/unit/collector/records.h"
#include "userspace/collector/kind_map.h"

namespace nsobs {
namespace {

template <typename Detail, typename Record>
std::pair<Event, Detail> Decoded(const Record& record) {
  absl::StatusOr<Event> event = DecodeEvent(Bytes(record));
  if (!event.ok()) {
    ADD_FAILURE() << event.status();
    return {};
  }
  EXPECT_EQ(KernelKindOf(event->kind), record.h.kind);
  EXPECT_EQ(event->epoch, 1);
  EXPECT_EQ(event->cpu, 513);
  EXPECT_EQ(event->boot_ns, static_cast<int64_t>(kSampleBootNs));
  EXPECT_TRUE(std::holds_alternative<Detail>(event->detail));
  return {*event, std::get<Detail>(event->detail)};
}

void ExpectNamespaces(const NamespaceSet& got, uint32_t first) {
  for (NamespaceKind kind : kNamespaceKinds) {
    const uint32_t inode = first + static_cast<uint32_t>(kind);
    EXPECT_EQ(got[kind], (NamespaceIdentity{inode, uint64_t{inode} << 33})) << Name(kind);
  }
}

// The fields that SampleProcess(pid, comm) gives.
void ExpectProcess(const Process& got, uint32_t pid, const std::string& comm) {
  EXPECT_EQ(got.pid, pid);
  EXPECT_EQ(got.tid, pid + 3);
  EXPECT_EQ(got.ns_pid, pid + 4);
  EXPECT_EQ(got.parent_pid, pid + 5);
  EXPECT_EQ(got.start_boot_ns, uint64_t{pid} << 34);
  EXPECT_EQ(got.uid, pid + 6);
  EXPECT_EQ(got.login_uid, pid + 7);
  EXPECT_EQ(got.comm, comm);
  EXPECT_EQ(got.exe_args, std::nullopt);  // the record doesn't say
  EXPECT_EQ(got.cgroup, (CgroupKey{uint64_t{pid} << 35, pid + 1}));
  EXPECT_EQ(got.cgroup_level, pid + 2);
  ExpectNamespaces(got.namespaces, pid * 100);
}

TEST(DecoderTest, NamespaceChange) {
  const auto [event, change] = Decoded<NamespaceChange>(SampleNamespaceChange());
  ExpectProcess(event.process, 10, "unshare");
  EXPECT_EQ(change.operation, NamespaceChange::Operation::kClone);
  EXPECT_EQ(change.error, 0);
  EXPECT_EQ(change.flags, 0x40000000u);
  EXPECT_EQ(change.changed, 0x0A);
  EXPECT_TRUE(change.Changed(NamespaceKind::kIpc));
  EXPECT_TRUE(change.Changed(NamespaceKind::kNet));
  EXPECT_FALSE(change.Changed(NamespaceKind::kCgroup));
  EXPECT_FALSE(change.Changed(NamespaceKind::kUts));
  ExpectNamespaces(change.from, 20);
  ExpectNamespaces(change.to, 30);
  EXPECT_EQ(change.child_pid, 41u);
  EXPECT_EQ(change.child_ns_pid, 42u);
}

TEST(DecoderTest, ConnectFailure) {
  const auto [event, failure] = Decoded<ConnectFailure>(SampleConnectFailure());
  ExpectProcess(event.process, 10, "curl");
  EXPECT_EQ(failure.protocol, Protocol::kTcp);
  EXPECT_EQ(failure.phase, ConnectFailure::Phase::kLater);
  EXPECT_EQ(failure.destination_source, ConnectFailure::DestinationSource::kSocket);
  EXPECT_EQ(failure.family, AF_INET);
  EXPECT_EQ(failure.destination, "10.0.0.7");
  EXPECT_EQ(failure.port, 5432);
  EXPECT_EQ(failure.source, "10.0.0.2");
  EXPECT_EQ(failure.source_port, 40000);
  EXPECT_EQ(failure.path, "");
  EXPECT_EQ(failure.error, ECONNREFUSED);
  EXPECT_EQ(failure.duration_ns, 250'000u);
}

TEST(DecoderTest, PacketDrop) {
  const auto [event, drop] = Decoded<PacketDrop>(SamplePacketDrop());
  EXPECT_EQ(event.kind, EventKind::kPacketDrop);
  ExpectProcess(event.process, 10, "curl");
  EXPECT_EQ(drop.protocol, Protocol::kTcp);
  EXPECT_EQ(drop.hook, PacketDrop::Hook::kForward);
  EXPECT_EQ(drop.family, AF_INET);
  EXPECT_EQ(drop.source, "10.0.0.2");
  EXPECT_EQ(drop.source_port, 40000);
  EXPECT_EQ(drop.destination, "10.0.0.7");
  EXPECT_EQ(drop.port, 5432);
  EXPECT_EQ(drop.interface, "eth0");
  EXPECT_EQ(drop.net.inode, 4026532846u);
  EXPECT_EQ(drop.net.id, 77u);
}

TEST(DecoderTest, BindFailure) {
  const auto [event, failure] = Decoded<BindFailure>(SampleBindFailure());
  EXPECT_EQ(event.kind, EventKind::kBindFailure);
  ExpectProcess(event.process, 10, "nginx");
  EXPECT_EQ(failure.operation, BindFailure::Operation::kBind);
  EXPECT_EQ(failure.protocol, Protocol::kTcp);
  EXPECT_EQ(failure.address_source, ConnectFailure::DestinationSource::kCaller);
  EXPECT_EQ(failure.address, "0.0.0.0");  // the usual one to bind: not "not known"
  EXPECT_EQ(failure.port, 80);
  EXPECT_EQ(failure.error, EADDRINUSE);
}

TEST(DecoderTest, FileFailure) {
  nsobs_file_failure record = SampleFileFailure();
  record.truncated = 1;
  const auto [event, failure] = Decoded<FileFailure>(record);
  EXPECT_EQ(event.kind, EventKind::kFileFailure);
  ExpectProcess(event.process, 10, "nginx");
  EXPECT_EQ(failure.operation, FileFailure::Operation::kOpen);
  EXPECT_EQ(failure.path_source, FileFailure::PathSource::kCaller);
  EXPECT_EQ(failure.path, "/var/log/x");
  EXPECT_TRUE(failure.truncated);
  EXPECT_EQ(failure.flags, 0101u);
  EXPECT_EQ(failure.error, EROFS);
  record.path_len = 0xffff;  // more than there is
  EXPECT_EQ(std::get<1>(Decoded<FileFailure>(record)).path, "/var/log/x");
}

TEST(DecoderTest, DnsFailure) {
  nsobs_dns_failure record = SampleDnsFailure();
  const auto [event, failure] = Decoded<DnsFailure>(record);
  EXPECT_EQ(event.kind, EventKind::kDnsFailure);
  ExpectProcess(event.process, 10, "curl");
  EXPECT_EQ(failure.protocol, Protocol::kUdp);
  EXPECT_EQ(failure.outcome, DnsFailure::Outcome::kServfail);
  EXPECT_EQ(failure.family, AF_INET);
  EXPECT_EQ(failure.server, "10.0.0.53");
  EXPECT_EQ(failure.port, 53);
  EXPECT_EQ(failure.name, "db.example");
  EXPECT_TRUE(failure.name_whole);
  EXPECT_EQ(failure.type, 1);
  EXPECT_EQ(failure.duration_ns, 4'000'000'000u);
  EXPECT_FALSE(failure.given_up);
  EXPECT_EQ(failure.net.inode, 4026532846u);
  EXPECT_EQ(failure.net.id, 77u);
  record.question_len = 5;
  record.given_up = 1;
  const auto cut = std::get<1>(Decoded<DnsFailure>(record));
  EXPECT_EQ(cut.name, "db.e");
  EXPECT_FALSE(cut.name_whole);
  EXPECT_EQ(cut.type, 0);
  EXPECT_TRUE(cut.given_up);
}

TEST(DecoderTest, Addresses) {
  const struct {
    uint16_t family;
    const char* address;  // "" for all zeros
    const char* text;
  } kCases[] = {
      {AF_INET, "127.0.0.1", "127.0.0.1"},
      {AF_INET, "255.255.255.255", "255.255.255.255"},
      {AF_INET, "", ""},
      {AF_INET6, "2001:db8::1", "2001:db8::1"},
      {AF_INET6, "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
      {AF_INET6, "::ffff:10.0.0.1", "::ffff:10.0.0.1"},
      {AF_INET6, "", ""},
      {AF_UNIX, "2001:db8::1", ""},
      {AF_NETLINK, "2001:db8::1", ""},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.address);
    nsobs_connect_failure r = SampleConnectFailure();
    r.family = c.family;
    memset(r.remote, 0, sizeof r.remote);
    if (*c.address != '\0') {
      ASSERT_EQ(inet_pton(c.family == AF_INET ? AF_INET : AF_INET6, c.address, r.remote), 1);
    }
    memcpy(r.local, r.remote, sizeof r.local);
    const auto [event, failure] = Decoded<ConnectFailure>(r);
    EXPECT_EQ(failure.family, c.family);
    EXPECT_EQ(failure.destination, c.text);
    EXPECT_EQ(failure.source, c.text);
  }
}

TEST(DecoderTest, UnixPaths) {
  const std::string longest(NSOBS_UNIX_PATH_LEN, 'x');
  const struct {
    std::string bytes;
    uint8_t path_len;
    std::string text;
  } kCases[] = {
      {"", 0, ""},
      {"/run/db.sock", 12, "/run/db.sock"},
      {"/run/db.sock", 4, "/run"},
      {"/run/db.sock", 50, "/run/db.sock"},                    // ends at the NUL
      {std::string("\0db", 3), 3, "@db"},                      // abstract
      {std::string("\0a\0b", 4), 4, std::string("@a\0b", 4)},  // where a NUL is a byte like others
      {std::string("\0", 1), 1, "@"},
      {longest, NSOBS_UNIX_PATH_LEN, longest},
      {longest, 255, longest},  // never beyond the field
  };
  for (const auto& c : kCases) {
    nsobs_connect_failure r = SampleConnectFailure();
    r.family = AF_UNIX;
    r.protocol = NSOBS_PROTO_UNIX_STREAM;
    memcpy(r.path, c.bytes.data(), c.bytes.size());
    r.path_len = c.path_len;
    const auto [event, failure] = Decoded<ConnectFailure>(r);
    EXPECT_EQ(failure.path, c.text);
    EXPECT_EQ(failure.protocol, Protocol::kUnixStream);
  }
}

TEST(DecoderTest, Signal) {
  const auto [event, signal] = Decoded<Signal>(SampleSignal());
  ExpectProcess(event.process, 10, "web");
  ExpectProcess(signal.sender, 20, "kill");
  EXPECT_EQ(signal.signal, 15);
  EXPECT_EQ(signal.code, -6);
  EXPECT_EQ(signal.result, Signal::Result::kIgnored);
  EXPECT_EQ(signal.handler, Signal::Handler::kHandler);
  EXPECT_TRUE(signal.group);
  EXPECT_FALSE(signal.by_kernel);
  nsobs_signal r = SampleSignal();
  r.group = 0;
  r.by_kernel = 1;
  const auto [event2, other] = Decoded<Signal>(r);
  EXPECT_FALSE(other.group);
  EXPECT_TRUE(other.by_kernel);
}

TEST(DecoderTest, OomKill) {
  const auto [event, kill] = Decoded<OomKill>(SampleOomKill());
  ExpectProcess(event.process, 10, "web");
  ExpectProcess(kill.trigger, 20, "hog");
  EXPECT_EQ(kill.reason, OomKill::Reason::kAncestor);
  EXPECT_EQ(kill.victim_memory, (CgroupKey{uint64_t{1} << 40, 5}));
  EXPECT_EQ(kill.limit_cgroup, (CgroupKey{uint64_t{1} << 41, 7}));
  EXPECT_EQ(kill.limit_bytes, uint64_t{1} << 26);
  EXPECT_EQ(kill.usage_bytes, 2u);
  EXPECT_EQ(kill.anon_bytes, 3u);
  EXPECT_EQ(kill.file_bytes, 4u);
  EXPECT_EQ(kill.shmem_bytes, 5u);
  EXPECT_EQ(kill.oom_score_adj, -997);
  EXPECT_EQ(kill.cgroup_path, "");
  nsobs_oom_kill unlimited = SampleOomKill();
  unlimited.limit_bytes = ~uint64_t{0};
  EXPECT_EQ(Decoded<OomKill>(unlimited).second.limit_bytes, std::nullopt);
}

TEST(DecoderTest, CgroupChange) {
  nsobs_cgroup_change r = SampleCgroupChange("/machine.slice/x");
  const auto [event, change] = Decoded<CgroupChange>(r);
  EXPECT_EQ(change.cgroup, (CgroupKey{uint64_t{1} << 40, 5}));
  EXPECT_EQ(change.level, 6u);
  EXPECT_TRUE(change.born);
  EXPECT_FALSE(change.truncated);
  EXPECT_EQ(change.path, "/machine.slice/x");
  EXPECT_EQ(event.process.pid, 0u);  // a cgroup is nobody's
  r.born = 0;
  r.truncated = 1;
  r.path_len = 0xFFFF;  // never beyond the field
  const auto [event2, gone] = Decoded<CgroupChange>(r);
  EXPECT_FALSE(gone.born);
  EXPECT_TRUE(gone.truncated);
  EXPECT_EQ(gone.path.size(), size_t{NSOBS_PATH_LEN});
}

TEST(DecoderTest, ExecWithArgumentsOfAnyLength) {
  for (size_t size = 0; size <= NSOBS_ARGS_LEN; ++size) {
    const std::string args(size, 'x');
    const auto [event, exec] = Decoded<ProcessExec>(SampleExec(args));
    ASSERT_EQ(exec.args, args);
    ASSERT_FALSE(exec.truncated);
    ExpectProcess(event.process, 10, "curl");
  }
}

TEST(DecoderTest, ExecWords) {
  const struct {
    std::string_view bytes;
    const char* text;
  } kCases[] = {
      {std::string_view("curl\0-s\0db:5432\0", 16), "curl -s db:5432"},
      {std::string_view("curl\0-s", 7), "curl -s"},
      {std::string_view("a\0\0b\0", 5), "a  b"},  // an empty word is a word
      {std::string_view("a\0\0\0", 4), "a"},
      {std::string_view("\0\0", 2), ""},
      {std::string_view("a b\0c", 5), "a b c"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Decoded<ProcessExec>(SampleExec(c.bytes)).second.args, c.text);
  }
  nsobs_process_exec r = SampleExec("x");
  r.truncated = 1;
  EXPECT_TRUE(Decoded<ProcessExec>(r).second.truncated);
}

TEST(DecoderTest, ExecTellsTheFileAndTheParents) {
  const ProcessExec exec = Decoded<ProcessExec>(SampleExec("x")).second;
  EXPECT_EQ(exec.executable, (Executable{77, 8 << 20 | 1, true}));
  ASSERT_EQ(exec.forebears.size(), 1u) << "pid 0 is nobody";
  EXPECT_EQ(exec.forebears[0].key, (ProcessKey{9, 5'000'000'000}));
  EXPECT_EQ(exec.forebears[0].comm, "sh");
  EXPECT_EQ(exec.forebears[0].executable, (Executable{66, 8 << 20 | 1, false}));
}

TEST(DecoderTest, Exit) {
  const auto [event, exit] = Decoded<ProcessExit>(SampleExit());
  ExpectProcess(event.process, 10, "curl");
  EXPECT_EQ(exit.exit_code, 3);
  EXPECT_EQ(exit.signal, 11);
  EXPECT_TRUE(exit.core_dumped);
  EXPECT_EQ(exit.lifetime_ns, 77u);
}

TEST(DecoderTest, CommIsCutAtItsNulOrAtTheField) {
  nsobs_process_exit r = SampleExit();
  r.process = SampleProcess(10, "0123456789abcdefgh");
  EXPECT_EQ(Decoded<ProcessExit>(r).first.process.comm, "0123456789abcdef");
  r.process.comm[0] = '\0';
  EXPECT_EQ(Decoded<ProcessExit>(r).first.process.comm, "");
  const char raw[NSOBS_COMM_LEN] = {'\xFF', '\x1B', '\0', 'x'};
  memcpy(r.process.comm, raw, sizeof raw);
  EXPECT_EQ(Decoded<ProcessExit>(r).first.process.comm, "\xFF\x1B");
}

TEST(DecoderTest, ALoginThatNeverWas) {
  nsobs_process_exit r = SampleExit();
  r.process.login_uid = 0xFFFFFFFF;
  EXPECT_EQ(Decoded<ProcessExit>(r).first.process.login_uid, std::nullopt);
  r.process.login_uid = 0;
  EXPECT_EQ(Decoded<ProcessExit>(r).first.process.login_uid, 0u);
}

TEST(DecoderTest, HostTasksBackToBack) {
  nsobs_host_task tasks[3] = {};
  tasks[0].process = SampleProcess(10, "first");
  tasks[1].process = SampleProcess(20, "second");
  tasks[1].zombie = 1;
  const auto* bytes = reinterpret_cast<const uint8_t*>(tasks);
  std::vector<HostTask> out;
  DecodeHostTasks({bytes, 2 * sizeof(tasks[0]) + 5}, &out);
  ASSERT_EQ(out.size(), 2u) << "and the piece at the end is left out";
  EXPECT_EQ(out[0].process.pid, tasks[0].process.pid);
  EXPECT_EQ(out[0].process.comm, "first");
  EXPECT_EQ(out[0].process.start_boot_ns, tasks[0].process.start_boot_ns);
  EXPECT_EQ(out[0].process.namespaces[NamespaceKind::kUts].id,
            tasks[0].process.ns.id[NSOBS_NS_UTS]);
  EXPECT_FALSE(out[0].zombie);
  EXPECT_TRUE(out[1].zombie);
  DecodeHostTasks({}, &out);
  EXPECT_EQ(out.size(), 2u) << "what was there stays";
}

}  // namespace
}  // namespace nsobs
