// Failures of binds and of files, and dropped packets.
#include <sys/socket.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "tests/unit/anomaly/fixture.h"
#include "userspace/anomaly/rules/bind_failure.h"
#include "userspace/anomaly/rules/file_failure.h"
#include "userspace/anomaly/rules/packet_drop.h"

namespace nsobs {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

BindFailure Bind(const std::string& address, uint16_t port, int error) {
  BindFailure f;
  f.family = address.find(':') == std::string::npos ? AF_INET : AF_INET6;
  f.address = address;
  f.port = port;
  f.error = error;
  return f;
}

class BindFailureRuleTest : public RuleTest {
 protected:
  BindFailureRuleTest() { Use(MakeBindFailureRule(AnomalyOptions())); }
  void Fail(const ContainerRef& container, const BindFailure& f) {
    Feed(MakeEvent(container, worker_, f, kSecond));
  }
};

TEST_F(BindFailureRuleTest, TheFirstAtAnAddress) {
  Fail(web_, Bind("0.0.0.0", 8080, EADDRINUSE));
  const Anomaly a = One();
  EXPECT_EQ(a.rule, "bind_failure");
  EXPECT_EQ(a.severity, Severity::kWarning);
  EXPECT_EQ(a.boot_ns, kBoot + kSecond);
  EXPECT_EQ(a.container, web_);
  EXPECT_EQ(a.subject.pid, 107u);
  EXPECT_EQ(a.summary, "web: worker[107] can't bind tcp 0.0.0.0:8080: EADDRINUSE");
  EXPECT_THAT(a.events, SizeIs(1));
  EXPECT_EQ(a.facts.dump(),
            R"({"operation":"bind","protocol":"tcp","address":"0.0.0.0","port":8080,"path":"",)"
            R"("errno":98,"errno_name":"EADDRINUSE","has_fallback":false})");
  EXPECT_EQ(a.key, "bind_failure|docker/web-id|bind|tcp|0.0.0.0|8080||98");
}

TEST_F(BindFailureRuleTest, FirstIsByEveryPartOfIt) {
  BindFailure listens = Bind("0.0.0.0", 80, EADDRINUSE);
  listens.operation = BindFailure::Operation::kListen;
  BindFailure udp = Bind("0.0.0.0", 80, EADDRINUSE);
  udp.protocol = Protocol::kUdp;
  for (const ContainerRef& container : {web_, db_}) {
    for (const BindFailure& f :
         {Bind("0.0.0.0", 80, EADDRINUSE), Bind("0.0.0.0", 80, EACCES),
          Bind("0.0.0.0", 81, EADDRINUSE), Bind("127.0.0.1", 80, EADDRINUSE), listens, udp}) {
      Fail(container, f);
      EXPECT_THAT(Said(), SizeIs(1)) << f.address << f.port;
      Fail(container, f);
      EXPECT_THAT(Said(), IsEmpty()) << f.address << f.port;
    }
  }
}

TEST_F(BindFailureRuleTest, SilentOrMinor) {
  Fail(nullptr, Bind("0.0.0.0", 80, EADDRINUSE));  // the host's own
  BindFailure netlink = Bind("", 0, EPERM);
  netlink.family = AF_NETLINK;
  netlink.protocol = Protocol::kOther;
  Fail(web_, netlink);
  ObservedEvent plumbing = MakeEvent(web_, worker_, Bind("0.0.0.0", 80, EADDRINUSE), 0);
  plumbing.plumbing = true;
  Feed(plumbing);
  EXPECT_THAT(Said(), IsEmpty());
  Fail(web_, Bind("::1", 80, EADDRNOTAVAIL));  // a host without IPv6
  EXPECT_EQ(One().severity, Severity::kInfo);
}

TEST_F(BindFailureRuleTest, TheEldestIsForgotten) {
  for (int i = 0; i <= 4096; ++i) Fail(web_, Bind(absl::StrCat("a", i), 80, EADDRINUSE));
  EXPECT_THAT(Said(), SizeIs(4097));
  Fail(web_, Bind("a0", 80, EADDRINUSE));
  EXPECT_THAT(Said(), SizeIs(1));
}

FileFailure File(const std::string& path, int error) {
  FileFailure f;
  f.path_source = FileFailure::PathSource::kCaller;
  f.path = path;
  f.flags = 0101;
  f.error = error;
  return f;
}

class FileFailureRuleTest : public RuleTest {
 protected:
  FileFailureRuleTest() { Use(MakeFileFailureRule(AnomalyOptions())); }
  void Fail(const ContainerRef& container, const FileFailure& f, int64_t at_ns = kSecond) {
    Feed(MakeEvent(container, worker_, f, at_ns));
  }
};

TEST_F(FileFailureRuleTest, TheFirstOfAFile) {
  Fail(web_, File("/data.txt", EROFS));
  const Anomaly a = One();
  EXPECT_EQ(a.rule, "file_failure");
  EXPECT_EQ(a.severity, Severity::kWarning);
  EXPECT_EQ(a.container, web_);
  EXPECT_EQ(a.subject.pid, 107u);
  EXPECT_EQ(a.summary, "web: worker[107] can't open /data.txt: EROFS");
  EXPECT_THAT(a.events, SizeIs(1));
  EXPECT_EQ(a.facts.dump(),
            R"({"operation":"open","path":"/data.txt","path_source":"caller","truncated":false,)"
            R"("flags":65,"errno":30,"errno_name":"EROFS"})");
  EXPECT_EQ(a.key, "file_failure|docker/web-id|open|30|/data.txt");
  Fail(web_, File("/data.txt", EROFS), kMinute);
  EXPECT_THAT(Said(), IsEmpty());
  Fail(db_, File("/data.txt", EROFS));
  EXPECT_THAT(Said(), SizeIs(1));
}

TEST_F(FileFailureRuleTest, HealthyProgramsRaiseNothing) {
  for (const FileFailure& f :
       {File("/a", ELOOP), File("/proc/1/environ", EACCES), File("/sys/kernel/x", EROFS),
        File("/app/__pycache__", EROFS), File("/dev/tty", EPERM)}) {
    Fail(web_, f);
    EXPECT_THAT(Said(), IsEmpty()) << f.path;
  }
  Fail(web_, File("/proc/sys/net/core/somaxconn", EROFS));
  EXPECT_THAT(Said(), SizeIs(1));
}

TEST_F(FileFailureRuleTest, OnlyOfTheContainersOwnPrograms) {
  Fail(nullptr, File("/data", EACCES));
  ObservedEvent event = MakeEvent(web_, worker_, File("/data", EACCES), 0);
  event.plumbing = true;
  Feed(event);
  event.plumbing = false;
  event.entered = true;
  Feed(event);
  EXPECT_THAT(Said(), IsEmpty());
}

TEST_F(FileFailureRuleTest, AFewAMinuteOfOneContainer) {
  for (int i = 0; i < 1000; ++i) Fail(web_, File(absl::StrCat("/", i), EACCES));
  EXPECT_THAT(Said(), SizeIs(10));
  Fail(db_, File("/0", EACCES));  // bounded each for itself
  EXPECT_THAT(Said(), SizeIs(1));
  Fail(web_, File("/0", EACCES), 3 * kMinute);  // forgotten: 64 are remembered
  EXPECT_THAT(Said(), SizeIs(1));
}

class MissingFileTest : public FileFailureRuleTest {
 protected:
  ContainerRef With(const ContainerRef& container, std::vector<std::string> volumes,
                    std::optional<std::string> pod) {
    Container copy = *container;
    copy.volumes = std::move(volumes);
    copy.pod = std::move(pod);
    return std::make_shared<const Container>(copy);
  }
};

TEST_F(MissingFileTest, InAVolumeIsWorthALook) {
  const ContainerRef web = With(web_, {"/etc/app", "/data/"}, std::nullopt);
  for (const char* path : {"/etc/app/app.yml", "/etc/app", "/data/x"}) {
    Fail(web, File(path, ENOENT));
    const Anomaly a = One();
    EXPECT_EQ(a.severity, Severity::kInfo) << path;
    EXPECT_EQ(a.facts["errno_name"], "ENOENT");
  }
  FileFailure cut = File("/etc/app/cut", ENOENT);
  cut.truncated = true;
  Fail(web, cut);
  for (const char* path : {"/etc/apps", "/etc", "/app.yml", "app.yml", ""}) {
    Fail(web, File(path, ENOENT));
    EXPECT_THAT(Said(), IsEmpty()) << path;
  }
}

TEST_F(MissingFileTest, InAPodAnyMayBeTheMates) {
  Fail(web_, File("/tmp/report", ENOENT));
  EXPECT_THAT(Said(), IsEmpty());
  Fail(With(web_, {}, "shop"), File("/tmp/report", ENOENT));
  EXPECT_THAT(Said(), SizeIs(1));
}

TEST_F(MissingFileTest, ManyHideNoOtherFailure) {
  const ContainerRef web = With(web_, {"/data"}, std::nullopt);
  for (int i = 0; i < 1000; ++i) Fail(web, File(absl::StrCat("/data/", i), ENOENT));
  EXPECT_THAT(Said(), SizeIs(10));
  Fail(web, File("/data/0", EROFS));
  EXPECT_EQ(One().severity, Severity::kWarning);
}

class PacketDropRuleTest : public RuleTest {
 protected:
  PacketDropRuleTest() { Use(MakePacketDropRule(AnomalyOptions())); }
  PacketDrop Drop(PacketDrop::Hook hook, Protocol protocol, const std::string& destination,
                  uint16_t port) {
    PacketDrop d;
    d.protocol = protocol;
    d.hook = hook;
    d.family = destination.find(':') == std::string::npos ? AF_INET : AF_INET6;
    d.source = "10.0.0.2";
    d.source_port = 40000;
    d.destination = destination;
    d.port = port;
    d.interface = "eth0";
    d.net = web_->namespaces[NamespaceKind::kNet];
    return d;
  }
  void Fail(const ContainerRef& container, const PacketDrop& d) {
    Feed(MakeEvent(container, worker_, d, kSecond));
  }
};

using Hook = PacketDrop::Hook;

TEST_F(PacketDropRuleTest, TheFirstOfItsLike) {
  const PacketDrop drop = Drop(Hook::kOutput, Protocol::kTcp, "10.0.0.7", 5432);
  Fail(web_, drop);
  const Anomaly a = One();
  EXPECT_EQ(a.rule, "packet_drop");
  EXPECT_EQ(a.severity, Severity::kWarning);
  EXPECT_EQ(a.container, web_);
  EXPECT_EQ(a.summary, "web: the packet filter drops tcp to 10.0.0.7:5432 (hook output)");
  EXPECT_EQ(a.facts.dump(),
            R"({"protocol":"tcp","hook":"output","source":"10.0.0.2","source_port":40000,)"
            R"("destination":"10.0.0.7","port":5432,"interface":"eth0","own_namespace":true})");
  EXPECT_EQ(a.key, "packet_drop|docker/web-id|tcp|10.0.0.7|5432|output");
  Fail(web_, drop);
  EXPECT_THAT(Said(), IsEmpty());
}

TEST_F(PacketDropRuleTest, WhatIsATrouble) {
  Fail(web_, Drop(Hook::kInput, Protocol::kUdp, "10.0.0.2", 514));
  EXPECT_EQ(One().severity, Severity::kWarning);
  PacketDrop elsewhere = Drop(Hook::kOutput, Protocol::kTcp, "10.0.0.8", 80);
  elsewhere.net.inode = 7;
  for (const PacketDrop& d : {Drop(Hook::kInput, Protocol::kTcp, "10.0.0.2", 22),
                              Drop(Hook::kInput, Protocol::kUdp, "10.0.0.2", 40000),
                              Drop(Hook::kInput, Protocol::kUdp, "10.0.0.255", 137),
                              Drop(Hook::kForward, Protocol::kTcp, "10.0.0.3", 22), elsewhere}) {
    Fail(web_, d);
    EXPECT_EQ(One().severity, Severity::kInfo) << d.destination << d.port;
  }
}

TEST_F(PacketDropRuleTest, NobodysLoss) {
  Fail(nullptr, Drop(Hook::kInput, Protocol::kTcp, "192.0.2.1", 22));
  for (const char* many : {"224.0.0.251", "239.255.255.250", "255.255.255.255", "ff02::fb"}) {
    Fail(web_, Drop(Hook::kOutput, Protocol::kUdp, many, 5353));
  }
  EXPECT_THAT(Said(), IsEmpty());
}

TEST_F(PacketDropRuleTest, TheEldestIsForgotten) {
  for (int i = 0; i <= 4096; ++i) {
    Fail(web_, Drop(Hook::kOutput, Protocol::kTcp, absl::StrCat("10.0.0.", i), 80));
  }
  EXPECT_THAT(Said(), SizeIs(4097));
  Fail(web_, Drop(Hook::kOutput, Protocol::kTcp, "10.0.0.0", 80));
  EXPECT_THAT(Said(), SizeIs(1));
}

}  // namespace
}  // namespace nsobs
