#include "tests/unit/main/samples.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>

#include <nlohmann/json.hpp>

#include "userspace/event/event_json.h"

namespace nsobs {
namespace {

constexpr int64_t kSecond = 1000 * 1000 * 1000;
constexpr int64_t kMillisecond = 1000 * 1000;
constexpr uint64_t kMiB = 1 << 20;
constexpr char kWebId[] = "7c754181407041f17d2d9045aa029d90fffdc025346bf53f8e663012dcf2cc29";

Container Base(const std::string& name, const std::string& id, const std::string& runtime) {
  Container c;
  c.name = name;
  c.id = id;
  c.runtime = runtime;
  c.source = "cgroup";
  c.certain = true;
  return c;
}

Process Make(uint32_t pid, uint32_t ns_pid, const std::string& comm, const NamespaceSet& ns) {
  Process p;
  p.pid = p.tid = pid;
  p.ns_pid = ns_pid;
  p.parent_pid = 1;
  p.comm = comm;
  p.namespaces = ns;
  p.start_boot_ns = 1000;
  return p;
}

// Collects events that are a second apart.
class Story {
 public:
  ObservedEvent& Add(EventKind kind, ContainerRef container, Process process, EventDetail detail) {
    ObservedEvent observed;
    observed.event.kind = kind;
    observed.event.boot_ns = 1000 * kSecond + static_cast<int64_t>(events_.size()) * kSecond;
    observed.event.process = std::move(process);
    observed.event.detail = std::move(detail);
    observed.wall_ns = kSampleWallNs + static_cast<int64_t>(events_.size()) * kSecond;
    observed.last_wall_ns = observed.wall_ns;
    observed.container = std::move(container);
    return events_.emplace_back(std::move(observed));
  }
  std::vector<ObservedEvent> Take() { return std::move(events_); }

 private:
  std::vector<ObservedEvent> events_;
};

Process Curl() { return Make(4711, 7, "curl", WebContainer()->namespaces); }
Process Node() { return Make(8123, 1, "node", WebContainer()->namespaces); }
Process Podman() { return Make(8111, 8111, "podman", HostNamespaces()); }
Process Nsenter(const NamespaceSet& ns) { return Make(9001, 9001, "nsenter", ns); }

ConnectFailure Tcp(const char* destination, uint16_t port, int error, int64_t duration_ns) {
  ConnectFailure c;
  c.family = std::string_view(destination).find(':') == std::string_view::npos ? AF_INET : AF_INET6;
  c.phase = ConnectFailure::Phase::kLater;
  c.destination_source = ConnectFailure::DestinationSource::kSocket;
  c.destination = destination;
  c.port = port;
  c.error = error;
  c.duration_ns = static_cast<uint64_t>(duration_ns);
  return c;
}

void AddConnects(Story* story) {
  const auto add = [&](ConnectFailure c) -> ObservedEvent& {
    return story->Add(EventKind::kConnectFailure, WebContainer(), Curl(), std::move(c));
  };
  add(Tcp("10.0.0.7", 5432, ECONNREFUSED, 200 * 1000));
  ObservedEvent& run = add(Tcp("2001:db8::1", 443, ETIMEDOUT, 3100 * kMillisecond));
  run.count = 500000;
  run.last_wall_ns = run.wall_ns + 60 * kSecond;
  ConnectFailure abandoned = Tcp("10.0.0.9", 80, ECANCELED, 800 * kMillisecond);
  abandoned.phase = ConnectFailure::Phase::kAbandoned;
  add(abandoned);
  ConnectFailure udp = Tcp("10.0.0.2", 53, ECONNREFUSED, 0);
  udp.protocol = Protocol::kUdp;
  add(udp);
  ConnectFailure unix;
  unix.protocol = Protocol::kUnixStream;
  unix.phase = ConnectFailure::Phase::kImmediate;
  unix.family = AF_UNIX;
  unix.path = "/run/db\x1b[2J.sock";
  unix.error = ENOENT;
  add(unix);
  ConnectFailure unknown;
  unknown.error = 4095;
  story->Add(EventKind::kConnectFailure, nullptr, Process(), unknown);
}

Signal Sent(int number, Signal::Result result, Process sender) {
  Signal s;
  s.signal = number;
  s.result = result;
  s.sender = std::move(sender);
  return s;
}

void AddSignals(Story* story) {
  const auto add = [&](Signal s) -> ObservedEvent& {
    return story->Add(EventKind::kSignal, WebContainer(), Node(), std::move(s));
  };
  add(Sent(SIGTERM, Signal::Result::kIgnored, Podman()));
  add(Sent(SIGKILL, Signal::Result::kDelivered, Podman()));
  add(Sent(SIGHUP, Signal::Result::kBlocked, Make(4242, 5, "sh", WebContainer()->namespaces)))
      .peer = WebContainer();
  add(Sent(SIGINT, Signal::Result::kPending, Make(777, 9, "kill", ShopDbContainer()->namespaces)))
      .peer = ShopDbContainer();
  add(Sent(SIGABRT, Signal::Result::kDelivered, Node())).peer = WebContainer();
  Signal fault = Sent(SIGSEGV, Signal::Result::kDelivered, Node());
  fault.by_kernel = true;
  add(fault);
  add(Sent(36, Signal::Result::kOverflow, Process()));
}

void AddOoms(Story* story) {
  OomKill oom;
  oom.reason = OomKill::Reason::kCgroup;
  oom.trigger = Make(4242, 7, "java", WebContainer()->namespaces);
  oom.cgroup_path = std::string("/docker/") + kWebId;
  oom.limit_bytes = 64 * kMiB;
  oom.usage_bytes = 64 * kMiB;
  oom.anon_bytes = 64172851;
  const Process victim = Make(4242, 7, "java", WebContainer()->namespaces);
  story->Add(EventKind::kOomKill, WebContainer(), victim, oom);
  oom.reason = OomKill::Reason::kAncestor;
  oom.cgroup_path = "/kubepods/burstable/podabc";
  oom.limit_bytes = 1024 * kMiB;
  story->Add(EventKind::kOomKill, ShopDbContainer(), victim, oom);
  oom.reason = OomKill::Reason::kHost;
  oom.cgroup_path = "";
  oom.limit_bytes.reset();
  oom.trigger = Process();
  story->Add(EventKind::kOomKill, nullptr, Make(300, 300, "hog", HostNamespaces()), oom);
}

void AddNamespaceChanges(Story* story) {
  NamespaceChange change;
  change.operation = NamespaceChange::Operation::kSetns;
  change.from = HostNamespaces();
  change.to = WebContainer()->namespaces;
  change.changed =
      1 << static_cast<int>(NamespaceKind::kNet) | 1 << static_cast<int>(NamespaceKind::kMnt);
  ObservedEvent& entered = story->Add(EventKind::kNamespaceChange, WebContainer(),
                                      Nsenter(WebContainer()->namespaces), change);
  entered.entered = true;
  entered.peer = WebContainer();
  change.operation = NamespaceChange::Operation::kUnshare;
  change.changed = 1 << static_cast<int>(NamespaceKind::kUts);
  story->Add(EventKind::kNamespaceChange, nullptr, Make(55, 55, "unshare", HostNamespaces()),
             change);
  change.operation = NamespaceChange::Operation::kClone;
  change.changed =
      1 << static_cast<int>(NamespaceKind::kPid) | 1 << static_cast<int>(NamespaceKind::kIpc);
  change.child_pid = 5005;
  change.child_ns_pid = 1;
  story->Add(EventKind::kNamespaceChange, nullptr, Make(56, 56, "runc", HostNamespaces()), change);
  NamespaceChange failed;
  failed.error = EPERM;
  failed.flags = 0x40000000;
  story->Add(EventKind::kNamespaceChange, WebContainer(), Curl(), failed);
}

void AddLifecycle(Story* story) {
  story->Add(EventKind::kContainerStart, WebContainer(), Node(), ContainerStart());
  const auto exit = [&](int code, int signal, const char* cause) {
    ContainerExit e;
    e.exit_code = code;
    e.signal = signal;
    e.lifetime_ns = static_cast<uint64_t>(3200 * kMillisecond);
    e.cause = cause;
    story->Add(EventKind::kContainerExit, WebContainer(), Node(), e);
  };
  exit(0, 0, "exited");
  exit(1, 0, "exited");
  exit(0, SIGTERM, "signal");
  exit(0, SIGKILL, "oom");
  story->Add(EventKind::kContainerStart, GuessedContainer(), Process(), ContainerStart());
}

void AddContext(Story* story) {
  CgroupChange cgroup;
  cgroup.born = true;
  cgroup.path = "/docker/x";
  story->Add(EventKind::kCgroupChange, nullptr, Process(), cgroup);
  story->Add(EventKind::kProcessExec, WebContainer(), Curl(), ProcessExec{"curl -s db:5432", true});
  ProcessExit exit;
  exit.signal = SIGSEGV;
  exit.lifetime_ns = 7200ull * kSecond;
  story->Add(EventKind::kProcessExit, WebContainer(), Curl(), exit);
}

void AddRefusals(Story* story) {
  PacketDrop drop;
  drop.hook = PacketDrop::Hook::kOutput;
  drop.family = AF_INET;
  drop.source = "10.0.0.2";
  drop.source_port = 40000;
  drop.destination = "10.0.0.7";
  drop.port = 5432;
  drop.interface = "eth0";
  drop.net = WebContainer()->namespaces[NamespaceKind::kNet];
  story->Add(EventKind::kPacketDrop, WebContainer(), Curl(), drop);
  drop.protocol = Protocol::kUdp;
  drop.hook = PacketDrop::Hook::kUnknown;
  drop.family = AF_INET6;
  drop.source = "fd00::1";
  drop.destination = "fd00::2";
  drop.interface = "";
  story->Add(EventKind::kPacketDrop, nullptr, Process(), drop);
  BindFailure bind;
  bind.family = AF_INET6;
  bind.address = "::";
  bind.port = 80;
  bind.error = EADDRINUSE;
  story->Add(EventKind::kBindFailure, WebContainer(), Node(), bind);
  bind.operation = BindFailure::Operation::kListen;
  bind.protocol = Protocol::kUnixStream;
  bind.family = AF_UNIX;
  bind.path = "@web\x1b[2J";
  story->Add(EventKind::kBindFailure, WebContainer(), Node(), bind);
  FileFailure file;
  file.path_source = FileFailure::PathSource::kCaller;
  file.path = "/data/x\x1b[2J";
  file.error = EROFS;
  story->Add(EventKind::kFileFailure, WebContainer(), Node(), file);
  file.operation = FileFailure::Operation::kWrite;
  file.truncated = true;
  file.error = ENOSPC;
  story->Add(EventKind::kFileFailure, nullptr, Curl(), file);
  DnsFailure dns;
  dns.family = AF_INET;
  dns.server = "10.0.0.53";
  dns.port = 53;
  dns.name = "db.example\x1b[2J";
  dns.name_whole = true;
  dns.type = 28;
  dns.duration_ns = 4'000'000'000;
  story->Add(EventKind::kDnsFailure, WebContainer(), Curl(), dns);
  dns.outcome = DnsFailure::Outcome::kServfail;
  dns.protocol = Protocol::kTcp;
  dns.name_whole = false;
  dns.type = 0;
  story->Add(EventKind::kDnsFailure, nullptr, Process(), dns);
}

void AddLosses(Story* story) {
  Loss loss{EventKind::kSignal, "budget", 1234567, kSampleWallNs, kSampleWallNs + kSecond};
  story->Add(EventKind::kLoss, WebContainer(), Process(), loss);
  Gap gap{"crashed", kSampleWallNs - 86400 * kSecond, kSampleWallNs + kSecond};
  story->Add(EventKind::kGap, nullptr, Process(), gap);
  gap.cause = "helper_ended";
  gap.part = "web";
  gap.reason = "web: killed by signal 9";
  gap.from_wall_ns = kSampleWallNs;
  story->Add(EventKind::kGap, nullptr, Process(), gap);
}

NamespaceRecord Record(NamespaceKind kind, uint32_t inode, NamespaceRecord::Owners owners,
                       uint32_t count, uint32_t pid, const std::string& comm) {
  NamespaceRecord r;
  r.kind = kind;
  r.identity.inode = inode;
  r.owners = std::move(owners);
  r.process_count = count;
  r.some_process.pid = pid;
  r.some_comm = comm;
  return r;
}

}  // namespace

NamespaceSet HostNamespaces() {
  NamespaceSet ns;
  for (const NamespaceKind kind : kNamespaceKinds) {
    ns[kind].inode = 4026531833u + static_cast<uint32_t>(kind);
  }
  return ns;
}

NamespaceSet OwnNamespaces(uint32_t first_inode) {
  NamespaceSet ns = HostNamespaces();
  for (const NamespaceKind kind : {NamespaceKind::kIpc, NamespaceKind::kMnt, NamespaceKind::kNet,
                                   NamespaceKind::kPid, NamespaceKind::kUts}) {
    ns[kind].inode = first_inode + static_cast<uint32_t>(kind);
  }
  return ns;
}

ContainerRef WebContainer() {
  Container c = Base("web", kWebId, "podman");
  c.image = "localhost/bb:1";
  c.labels = {{"app", "web"}, {"tier", "front\n"}};
  c.cgroup_path = std::string("/libpod_parent/libpod-") + kWebId;
  c.init = {8123, 1000};
  c.namespaces = OwnNamespaces(4026532843);
  c.started_boot_ns = 400 * kSecond;
  return std::make_shared<const Container>(c);
}

ContainerRef ShopWebContainer() {
  Container c = Base("web", "shop-web", "containerd");
  c.image = "docker.io/library/nginx:1.25.3-alpine-with-a-long-tag";
  c.pod = "shop";
  c.pod_namespace = "prod";
  c.pod_uid = "0b0c7d1e";
  c.init = {5100, 1000};
  c.namespaces = OwnNamespaces(4026533000);
  c.started_boot_ns = 600 * kSecond;
  return std::make_shared<const Container>(c);
}

ContainerRef ShopDbContainer() {
  Container c = *ShopWebContainer();
  c.name = "db";
  c.id = "shop-db";
  c.image.reset();
  c.init = {5200, 1000};
  c.namespaces[NamespaceKind::kMnt].inode = 4026533100;
  c.namespaces[NamespaceKind::kPid].inode = 4026533101;
  c.started_boot_ns = 0;
  return std::make_shared<const Container>(c);
}

ContainerRef GuessedContainer() {
  Container c = Base("évil\x1b[31m\xff", "0123456789abcdef0123456789abcdef", "runc");
  c.source = "namespace";
  c.certain = false;
  c.namespaces = OwnNamespaces(4026534000);
  return std::make_shared<const Container>(c);
}

ContainerRef BlueNetns() {
  Container c = Base("netns blue", "net:[4026535000]", "netns");
  c.source = "namespace";
  c.namespaces[NamespaceKind::kNet].inode = 4026535000;
  return std::make_shared<const Container>(c);
}

std::vector<ContainerRef> SampleContainers() {
  return {WebContainer(), ShopWebContainer(), ShopDbContainer(), GuessedContainer(), BlueNetns()};
}

std::vector<NamespaceRecord> SampleNamespaces() {
  std::vector<NamespaceRecord> all;
  const NamespaceSet host = HostNamespaces();
  const NamespaceSet shop = ShopWebContainer()->namespaces;
  for (const NamespaceKind kind : kNamespaceKinds) {
    NamespaceRecord r = Record(kind, host[kind].inode, {}, 180, 2, "kthreadd");
    r.is_host = true;
    if (kind == NamespaceKind::kUser) r.owners = {WebContainer(), ShopDbContainer()};
    all.push_back(r);
  }
  const auto web = WebContainer();
  all.push_back(Record(NamespaceKind::kNet, web->namespaces[NamespaceKind::kNet].inode, {web}, 2,
                       8123, "node"));
  all.back().identity.id = 17;
  all.back().born_boot_ns = 400 * kSecond;
  all.back().uid = 1000;
  all.push_back(Record(NamespaceKind::kNet, shop[NamespaceKind::kNet].inode,
                       {ShopWebContainer(), ShopDbContainer()}, 9, 5100, "nginx: worker"));
  all.push_back(Record(NamespaceKind::kMnt, shop[NamespaceKind::kMnt].inode, {ShopWebContainer()},
                       4, 5100, "nginx: worker"));
  all.push_back(Record(NamespaceKind::kNet, 4026535000, {BlueNetns()}, 0, 0, ""));
  all.push_back(Record(NamespaceKind::kIpc, 4026535001, {}, 1, 66, "lone\x1b]0;x\a"));
  all.push_back(
      Record(NamespaceKind::kIpc, 4026535002, {GuessedContainer(), WebContainer()}, 3, 67, "sh"));
  NamespaceRecord dead = Record(NamespaceKind::kUts, 4026535009, {}, 0, 0, "");
  dead.died_boot_ns = 5;
  all.push_back(dead);
  return all;
}

std::vector<ObservedEvent> SampleEvents() {
  Story story;
  AddConnects(&story);
  AddSignals(&story);
  AddOoms(&story);
  AddNamespaceChanges(&story);
  AddLifecycle(&story);
  AddContext(&story);
  AddLosses(&story);
  AddRefusals(&story);
  return story.Take();
}

std::string StoredJson(const ObservedEvent& event, int64_t id) {
  nlohmann::ordered_json json = {{"id", id}};
  json.update(ToJson(event));
  return json.dump();
}

}  // namespace nsobs
