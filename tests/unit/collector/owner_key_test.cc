#include "userspace/collector/owner_key.h"

#include <gtest/gtest.h>

#include "tests/unit/collector/records.h"

namespace nsobs {
namespace {

CounterKey Expected(const nsobs_process& process, const nsobs_namespaces& ns, int kind) {
  return {{process.cgroup.id, process.cgroup.hierarchy}, {ns.inode[kind], ns.id[kind]}};
}

// As the kernel side charges them: bpf/lib/count.h, struct nsobs_owner_key.
TEST(OwnerOfRecordTest, ByTheCgroupAndTheNamespaceThatMatters) {
  const auto connect = SampleConnectFailure();
  EXPECT_EQ(OwnerOfRecord(Bytes(connect)),
            Expected(connect.process, connect.process.ns, NSOBS_NS_NET));
  const auto signal = SampleSignal();
  EXPECT_EQ(OwnerOfRecord(Bytes(signal)), Expected(signal.target, signal.target.ns, NSOBS_NS_PID));
  const auto oom = SampleOomKill();
  EXPECT_EQ(OwnerOfRecord(Bytes(oom)), Expected(oom.victim, oom.victim.ns, NSOBS_NS_PID));
  const auto change = SampleNamespaceChange();
  EXPECT_EQ(OwnerOfRecord(Bytes(change)), Expected(change.process, change.from, NSOBS_NS_MNT));
  const auto bind = SampleBindFailure();
  EXPECT_EQ(OwnerOfRecord(Bytes(bind)), Expected(bind.process, bind.process.ns, NSOBS_NS_NET));
  const auto file = SampleFileFailure();
  EXPECT_EQ(OwnerOfRecord(Bytes(file)), Expected(file.process, file.process.ns, NSOBS_NS_MNT));
  const auto exec = SampleExec("sh");
  EXPECT_EQ(OwnerOfRecord(Bytes(exec)), Expected(exec.process, exec.process.ns, NSOBS_NS_PID));
  const auto exit = SampleExit();
  EXPECT_EQ(OwnerOfRecord(Bytes(exit)), Expected(exit.process, exit.process.ns, NSOBS_NS_PID));
}

TEST(OwnerOfRecordTest, OfAPacketByWhereItWas) {
  const auto drop = SamplePacketDrop();
  const CounterKey owner = OwnerOfRecord(Bytes(drop));
  EXPECT_EQ(owner.cgroup.id, drop.process.cgroup.id);
  EXPECT_EQ(owner.ns.inode, drop.net_inode);
  EXPECT_EQ(owner.ns.id, drop.net_id);
  const auto dns = SampleDnsFailure();
  EXPECT_EQ(OwnerOfRecord(Bytes(dns)).ns.inode, dns.net_inode);
  EXPECT_EQ(OwnerOfRecord(Bytes(dns)).ns.id, dns.net_id);
}

TEST(OwnerOfRecordTest, OfACgroupItself) {
  const auto born = SampleCgroupChange("/web");
  const CounterKey owner = OwnerOfRecord(Bytes(born));
  EXPECT_EQ(owner.cgroup.id, born.cgroup.id);
  EXPECT_EQ(owner.cgroup.hierarchy, born.cgroup.hierarchy);
  EXPECT_EQ(owner.ns, NamespaceIdentity{});
}

TEST(OwnerOfRecordTest, WhereTheKernelHasNoIdItIsTheInode) {
  auto connect = SampleConnectFailure();
  connect.process.ns.id[NSOBS_NS_NET] = connect.process.ns.inode[NSOBS_NS_NET];
  EXPECT_EQ(OwnerOfRecord(Bytes(connect)).ns.id, 0u);
}

TEST(OwnerOfRecordTest, ContextIsExecAndExitOnTheHost) {
  auto exec = SampleExec("runc");
  auto exit = SampleExit();
  EXPECT_FALSE(IsContext(Bytes(exec)) || IsContext(Bytes(exit))) << "in a container";
  exec.process.ns.inode[NSOBS_NS_PID] = exit.process.ns.inode[NSOBS_NS_PID] = NSOBS_HOST_PID_INODE;
  EXPECT_TRUE(IsContext(Bytes(exec)));
  EXPECT_TRUE(IsContext(Bytes(exit)));
  auto signal = SampleSignal();
  signal.target.ns.inode[NSOBS_NS_PID] = NSOBS_HOST_PID_INODE;
  EXPECT_FALSE(IsContext(Bytes(signal)));
  EXPECT_FALSE(IsContext({}));
}

TEST(OwnerOfRecordTest, AnyBytesAreSafe) {
  for (const std::string& record : SampleOfEachKind()) {
    for (size_t size = 0; size <= record.size(); ++size) {
      const std::string cut = record.substr(0, size);  // of its own: reading beyond would show
      OwnerOfRecord(Bytes(cut));
      IsContext(Bytes(cut));
    }
    EXPECT_NE(OwnerOfRecord(Bytes(record)), CounterKey{});
  }
  EXPECT_EQ(OwnerOfRecord({}), CounterKey{});
}

}  // namespace
}  // namespace nsobs
