// A scan shows the host as it is, and may know what the records that wait to be read will tell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "tests/unit/correlation/fake_host.h"
#include "userspace/correlation/correlator.h"
#include "userspace/correlation/proc_text.h"

namespace nsobs {
namespace {

using Operation = NamespaceChange::Operation;
using testing::IsEmpty;
using testing::SizeIs;

constexpr uint64_t kRunc = 77;

// `runc run web`, whose state is gone again before anybody reads it.
class ScanAheadTest : public testing::Test {
 protected:
  ScanAheadTest() {
    CorrelatorOptions options = host_.Options();
    options.list_tasks = [this] { return tasks_; };
    correlator_ = std::make_unique<Correlator>(std::move(options), &clock_);
    EXPECT_TRUE(correlator_->ScanHost().ok());
    init_.pid = 102;
    init_.parent_pid = 100;
    init_.ns_pid = 1;
    init_.comm = "runc:[2:INIT]";
    init_.ns = ContainerNamespaces(2000);
    for (const auto& [kind, inode] : init_.ns) init_.ns_id[kind] = inode + 10'000;
    init_.start_ticks = static_cast<uint64_t>(clock_.BootNs()) / kNsPerTick;
    init_.exe = kRunc;
  }

  // The init waits in its namespaces when the scan sees it.
  void Scan() {
    clock_.AdvanceNs(kSecond / 100);
    tasks_ = {{host_.ToProcess(init_), false}};
    correlator_->Reconcile();
  }
  void ReadRecords() {
    FakeProcess runc{.pid = 100, .comm = "runc", .args = "runc run web", .exe = kRunc};
    correlator_->Learn(host_.Exec(runc, Now()));
    FakeProcess child = init_;
    child.pid = 101;
    child.comm = "runc:[1:CHILD]";
    child.exe = kRunc;
    child.ns_pid = 0;
    correlator_->Observe(host_.Change(child, Operation::kUnshare, Now()));
    init_.comm = "nc";
    init_.exe = 0;
    init_.args = "nc 127.0.0.1 1";
    correlator_->Learn(host_.Exec(init_, Now()));
  }
  int64_t Now() { return clock_.BootNs() + ++records_; }

  FakeHost host_;
  FakeClock clock_{10'000 * kSecond, 1'000'000 * kSecond};
  std::vector<HostTask> tasks_;
  std::unique_ptr<Correlator> correlator_;
  FakeProcess init_;
  int64_t records_ = 0;
};

TEST_F(ScanAheadTest, TheMakerNamesTheContainerAllTheSame) {
  Scan();
  EXPECT_THAT(correlator_->inventory()->containers(), IsEmpty()) << "it has not begun";
  EXPECT_THAT(correlator_->TakeMade(), IsEmpty());
  ReadRecords();
  const ObservedEvent seen = correlator_->Observe(host_.Connect(init_, Now()));
  ASSERT_NE(seen.container, nullptr);
  EXPECT_EQ(seen.container->name, "web");
  EXPECT_EQ(seen.container->runtime, "runc");
  EXPECT_EQ(seen.container->source, "runtime_args");
  EXPECT_THAT(correlator_->TakeMade(), SizeIs(1));
  EXPECT_THAT(correlator_->inventory()->containers(), SizeIs(1));
}

TEST_F(ScanAheadTest, WhoseRecordsNeverComeIsFoundByALaterScan) {
  Scan();
  clock_.AdvanceNs(3 * kSecond);
  correlator_->Reconcile();
  ASSERT_THAT(correlator_->inventory()->containers(), SizeIs(1));
  EXPECT_EQ(correlator_->inventory()->containers()[0]->runtime, "unshare");
}

// The kernel tells of an end when it begins, and lists the process until it is taken apart.
TEST_F(ScanAheadTest, WhoseEndWasToldDoesNotBeginAgain) {
  ReadRecords();
  correlator_->Learn(host_.Exit(init_, Now(), 1, 0));
  EXPECT_THAT(correlator_->TakeMade(), SizeIs(2));
  Scan();
  EXPECT_THAT(correlator_->TakeMade(), IsEmpty());
  ASSERT_THAT(correlator_->inventory()->containers(), SizeIs(1));
  EXPECT_NE(correlator_->inventory()->containers()[0]->died_boot_ns, 0);
  // Its next life is named, too.
  init_.pid = 103;
  for (auto& [kind, id] : init_.ns_id) id += 10'000;
  ReadRecords();
  const ObservedEvent seen = correlator_->Observe(host_.Connect(init_, Now()));
  ASSERT_NE(seen.container, nullptr);
  EXPECT_EQ(seen.container->name, "web");
  EXPECT_THAT(correlator_->TakeMade(), SizeIs(1));
}

}  // namespace
}  // namespace nsobs
