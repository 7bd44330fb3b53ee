// The books of the writer: each item that was taken ends as recorded, coalesced or lost.
#include "userspace/pipeline/timeline_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "tests/unit/pipeline/fake_timeline.h"
#include "userspace/pipeline/mark_facts.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr int kAttempts = 3;  // of one transaction

WriteItem Row(uint64_t run_id, uint8_t epoch = 0, EventKind kind = EventKind::kSignal) {
  WriteItem item;
  TimelineRow row;
  row.run_id = run_id;
  row.event.event.kind = kind;
  item.item = row;
  item.kind = kind;
  item.recorded[epoch] = 1;
  return item;
}

WriteItem Extension(uint64_t run_id, std::array<uint64_t, 2> added) {
  WriteItem item;
  item.item = TimelineExtension{run_id, 1 + added[0] + added[1], 77};
  item.kind = EventKind::kSignal;
  item.coalesced = added;
  return item;
}

class TimelineWriterTest : public ::testing::Test {
 protected:
  void Push(std::vector<WriteItem> items, std::vector<uint64_t> ended_runs = {}) {
    WriteBatch batch;
    batch.items = std::move(items);
    batch.ended_runs = std::move(ended_runs);
    ASSERT_TRUE(writer_.Push(batch));
  }
  // Everything that was pushed is one batch for the writer: it starts only now.
  void StartAndStop() {
    writer_.Start();
    writer_.Stop();
    EXPECT_EQ(writer_.queued_items(), 0u);
  }
  LedgerEntry Book(uint8_t epoch) const { return ledger_.Get(EventKind::kSignal, epoch); }
  // Without those that come with time.
  std::vector<std::string> Calls() const {
    std::vector<std::string> out;
    for (std::string& call : timeline_.calls()) {
      if (call != "retention") out.push_back(std::move(call));
    }
    return out;
  }

  FakeTimeline timeline_;
  Ledger ledger_;
  FakeClock clock_{/*boot_ns=*/5'000'000'000, /*wall_ns=*/9'000'000'000};
  QueueRoom room_{/*records=*/1000};
  TimelineWriter writer_{&timeline_, &ledger_, &room_, &clock_, /*capacity_items=*/5000};
};

TEST_F(TimelineWriterTest, WhatIsCommittedIsRecordedOrCoalescedByEpoch) {
  Push({Row(1, 0), Extension(1, {2, 3}), Row(0, 1)});
  Push({Extension(1, {0, 4}), Row(0, 1)});
  EXPECT_EQ(writer_.queued_items(), 5u);
  StartAndStop();
  EXPECT_THAT(Calls(), ElementsAre("write 5"));
  EXPECT_EQ(Book(0).recorded, 1u);
  EXPECT_EQ(Book(0).coalesced, 2u);
  EXPECT_EQ(Book(1).recorded, 2u);
  EXPECT_EQ(Book(1).coalesced, 7u);
  EXPECT_THAT(Book(0).lost, IsEmpty());
  EXPECT_THAT(Book(1).lost, IsEmpty());
  EXPECT_TRUE(writer_.storage_ok());
}

TEST_F(TimelineWriterTest, ItemsArriveInOrderAndWhole) {
  Push({Row(1), Extension(1, {4, 5}), Row(0, 0, EventKind::kOomKill)});
  StartAndStop();
  const std::vector<TimelineItem> stored = timeline_.stored();
  ASSERT_THAT(stored, SizeIs(3));
  EXPECT_EQ(std::get<TimelineRow>(stored[0]).run_id, 1u);
  const auto& extension = std::get<TimelineExtension>(stored[1]);
  EXPECT_EQ(extension.run_id, 1u);
  EXPECT_EQ(extension.count, 10u);
  EXPECT_EQ(extension.last_wall_ns, 77);
  EXPECT_EQ(std::get<TimelineRow>(stored[2]).event.event.kind, EventKind::kOomKill);
  EXPECT_EQ(ledger_.Get(EventKind::kOomKill, 0).recorded, 1u);
}

TEST_F(TimelineWriterTest, LargeBatchesAreSeveralTransactions) {
  std::vector<WriteItem> items;
  for (int i = 0; i < 4500; ++i) items.push_back(Row(0));
  Push(std::move(items));
  StartAndStop();
  EXPECT_THAT(Calls(), ElementsAre("write 2000", "write 2000", "write 500"));
  EXPECT_EQ(Book(0).recorded, 4500u);
}

TEST_F(TimelineWriterTest, AWriteThatFailsIsTriedAgain) {
  timeline_.FailWrites(kAttempts - 1, absl::UnavailableError("busy"));
  Push({Row(1), Extension(1, {1, 0})});
  StartAndStop();
  EXPECT_THAT(Calls(), ElementsAre("failed write 2", "failed write 2", "write 2"));
  EXPECT_THAT(timeline_.stored(), SizeIs(2));
  EXPECT_EQ(Book(0).recorded, 1u);
  EXPECT_EQ(Book(0).coalesced, 1u);
  EXPECT_THAT(Book(0).lost, IsEmpty());
}

TEST_F(TimelineWriterTest, WhatCantBeWrittenIsLostByStorageError) {
  timeline_.FailHeartbeats(true);
  timeline_.FailWrites(kAttempts, absl::ResourceExhaustedError("disk full"));
  Push({Row(1, 0), Extension(1, {2, 3}), Row(0, 1)});
  StartAndStop();
  EXPECT_THAT(timeline_.stored(), IsEmpty());
  EXPECT_THAT(Book(0).lost, ElementsAre(Pair("storage_error", 3)));
  EXPECT_THAT(Book(1).lost, ElementsAre(Pair("storage_error", 4)));
  EXPECT_EQ(Book(0).recorded + Book(0).coalesced + Book(1).recorded + Book(1).coalesced, 0u);
  EXPECT_FALSE(writer_.storage_ok());
}

// Items with places in the room, as the pipeline hands them on.
WriteItem Placed(WriteItem item, const CounterKey& owner, QueueRoom* room) {
  EXPECT_TRUE(item.recorded[0] != 0 ? room->rows.Take(owner.cgroup) : room->extensions.Take(1));
  item.owner = owner;
  item.placed = true;
  return item;
}

const CounterKey kWeb = {{77, 0}, {}};

TEST_F(TimelineWriterTest, PlacesComeBackWhenItIsWrittenAndNotBefore) {
  timeline_.Hold();
  writer_.Start();
  Push({Placed(Row(1), kWeb, &room_), Placed(Extension(1, {1, 0}), kWeb, &room_), Row(0)});
  timeline_.AwaitWrite();
  EXPECT_EQ(room_.rows.taken(), 1u);
  EXPECT_EQ(room_.extensions.taken(), 1u);
  timeline_.Release();
  writer_.Stop();
  EXPECT_EQ(room_.taken(), 0u);
}

TEST_F(TimelineWriterTest, WhatCantBeWrittenIsChargedToItsOwnerAndGivesItsPlaceBack) {
  timeline_.FailHeartbeats(true);
  timeline_.FailWrites(kAttempts, absl::ResourceExhaustedError("disk full"));
  Push({Placed(Row(1), kWeb, &room_), Placed(Extension(1, {2, 3}), kWeb, &room_),
        Placed(Extension(99, {7, 0}), kWeb, &room_), Row(0)});
  StartAndStop();
  EXPECT_EQ(room_.taken(), 0u);
  std::map<std::pair<uint64_t, std::string>, uint64_t> lost;
  for (const OwnerLoss& loss : ledger_.Losses()) {
    lost[{loss.key.cgroup.id, loss.cause}] += loss.value;
  }
  EXPECT_THAT(lost, testing::UnorderedElementsAre(Pair(Pair(77, "storage_error"), 6),
                                                  Pair(Pair(77, "row_lost"), 7),
                                                  Pair(Pair(0, "storage_error"), 1)));
}

TEST_F(TimelineWriterTest, OneBadTransactionDoesNotTakeTheNextWithIt) {
  std::vector<WriteItem> items;
  for (int i = 0; i < 3000; ++i) items.push_back(Row(0));
  timeline_.FailWrites(kAttempts, absl::UnavailableError("busy"));
  Push(std::move(items));
  StartAndStop();
  EXPECT_THAT(Book(0).lost, ElementsAre(Pair("storage_error", 2000)));
  EXPECT_EQ(Book(0).recorded, 1000u);
  EXPECT_TRUE(writer_.storage_ok());
}

TEST_F(TimelineWriterTest, ARunWhoseRowIsLostIsLostWhole) {
  std::vector<WriteItem> items = {Row(7)};
  while (items.size() < 2000) items.push_back(Row(0));
  items.push_back(Extension(7, {5, 6}));  // in the next transaction, which succeeds
  items.push_back(Row(8));
  timeline_.FailWrites(kAttempts, absl::UnavailableError("busy"));
  Push(std::move(items));
  StartAndStop();
  EXPECT_THAT(timeline_.stored(), SizeIs(1));
  EXPECT_THAT(Book(0).lost, ElementsAre(Pair("row_lost", 5), Pair("storage_error", 2000)));
  EXPECT_THAT(Book(1).lost, ElementsAre(Pair("row_lost", 6)));
  EXPECT_EQ(Book(0).recorded, 1u);
  EXPECT_EQ(Book(0).coalesced + Book(1).coalesced, 0u);
}

TEST_F(TimelineWriterTest, ExtensionsOfRunsThatNeverHadARow) {
  Push({Extension(99, {1, 2}), Extension(0, {3, 0})});
  StartAndStop();
  EXPECT_THAT(timeline_.stored(), IsEmpty());
  EXPECT_THAT(Book(0).lost, ElementsAre(Pair("row_lost", 4)));
  EXPECT_THAT(Book(1).lost, ElementsAre(Pair("row_lost", 2)));
}

TEST_F(TimelineWriterTest, AfterItsEndARunCantBeExtended) {
  timeline_.Hold();
  Push({Row(7)}, {7});
  writer_.Start();
  timeline_.AwaitWrite();  // it has the first batch: the next is one of its own
  Push({Extension(7, {1, 0})});
  timeline_.Release();
  writer_.Stop();
  EXPECT_EQ(Book(0).recorded, 1u);
  EXPECT_EQ(Book(0).coalesced, 0u);
  EXPECT_THAT(Book(0).lost, ElementsAre(Pair("row_lost", 1)));
}

TEST_F(TimelineWriterTest, EndsComeAfterTheItemsOfTheirBatch) {
  WriteBatch batch;
  batch.items = {Row(1), Extension(1, {1, 0}), Row(2)};
  batch.ended_runs = {2, 1};
  batch.containers = {std::make_shared<Container>()};
  batch.namespaces.resize(2);
  ASSERT_TRUE(writer_.Push(batch));
  StartAndStop();
  EXPECT_THAT(Calls(), ElementsAre("containers 1", "write 3", "end 2", "end 1", "namespaces 2"));
}

TEST_F(TimelineWriterTest, EndsAloneAreNoTransaction) {
  Push({}, {3});
  StartAndStop();
  EXPECT_THAT(Calls(), ElementsAre("end 3"));
}

TEST_F(TimelineWriterTest, FullMeansRefusedAndUntouched) {
  std::vector<WriteItem> items;
  for (int i = 0; i < 5000; ++i) items.push_back(Row(0));
  Push(std::move(items));
  WriteBatch more;
  more.items = {Row(5)};
  more.ended_runs = {4};
  EXPECT_FALSE(writer_.Push(more));
  EXPECT_THAT(more.items, SizeIs(1));
  EXPECT_THAT(more.ended_runs, ElementsAre(4));
  EXPECT_EQ(writer_.queued_items(), 5000u);
  more.items.clear();
  EXPECT_TRUE(writer_.Push(more));  // ends take no room
  StartAndStop();
  EXPECT_EQ(Book(0).recorded, 5000u);
  EXPECT_THAT(timeline_.calls(), testing::Contains("end 4"));
}

TEST_F(TimelineWriterTest, ASlowDiskFillsTheQueueAndNothingElse) {
  timeline_.Hold();
  writer_.Start();
  Push({Row(0)});
  timeline_.AwaitWrite();
  uint64_t taken = 1;
  WriteBatch batch;
  do {
    batch.items.assign(1000, Row(0));
    if (writer_.Push(batch)) taken += 1000;
  } while (batch.items.empty());
  EXPECT_EQ(taken, 4001u);  // what is being written counts as well
  timeline_.Release();
  writer_.Stop();
  EXPECT_EQ(Book(0).recorded, taken);
}

TEST_F(TimelineWriterTest, StopWritesWhatIsQueuedAndThenTakesNothing) {
  writer_.Start();
  for (int i = 0; i < 500; ++i) Push({Row(0)});
  writer_.Stop();
  EXPECT_EQ(Book(0).recorded, 500u);
  WriteBatch late;
  late.items = {Row(0)};
  EXPECT_FALSE(writer_.Push(late));
  EXPECT_THAT(late.items, SizeIs(1));
  EXPECT_EQ(writer_.queued_items(), 0u);
  writer_.Stop();  // twice is fine
}

TEST_F(TimelineWriterTest, HousekeepingByTheClock) {
  timeline_.set_size_bytes(4096);
  Push({Row(0)});
  StartAndStop();
  EXPECT_EQ(timeline_.heartbeats(), 1);  // the clock stands still: once
  EXPECT_EQ(writer_.database_bytes(), 4096u);
  EXPECT_EQ(writer_.last_commit_boot_ns(), clock_.BootNs());
}

TEST_F(TimelineWriterTest, AHeartbeatThatSucceedsAfterAFailureMeansStorageIsBack) {
  timeline_.FailWrites(kAttempts, absl::UnavailableError("busy"));
  Push({Row(0)});
  StartAndStop();
  EXPECT_THAT(Book(0).lost, ElementsAre(Pair("storage_error", 1)));
  EXPECT_TRUE(writer_.storage_ok());
}

SnapshotRow Snapshot(const std::string& target, std::vector<std::string>* answers) {
  SnapshotRow row;
  row.target = target;
  row.on_stored = [answers](const absl::StatusOr<int64_t>& id) {
    answers->push_back(id.ok() ? std::to_string(*id) : std::string(id.status().message()));
  };
  return row;
}

TEST_F(TimelineWriterTest, SnapshotsComeBehindTheEventsTheyNameAndInNoBook) {
  std::vector<std::string> answers;
  WriteBatch first;
  first.snapshots = {Snapshot("web", &answers), Snapshot("db", &answers)};
  ASSERT_TRUE(writer_.Push(first));
  Push({Row(0)});
  StartAndStop();
  EXPECT_THAT(Calls(), ElementsAre("write 1", "snapshot web", "snapshot db"));
  EXPECT_THAT(answers, ElementsAre("1", "2"));
  EXPECT_EQ(Book(0).Total(), 1u);
}

TEST_F(TimelineWriterTest, ASnapshotThatCanNotBeStoredIsTold) {
  std::vector<std::string> answers;
  timeline_.FailWrites(1, absl::InvalidArgumentError("too large"));
  WriteBatch batch;
  batch.snapshots = {Snapshot("web", &answers), Snapshot("db", &answers)};
  ASSERT_TRUE(writer_.Push(batch));
  StartAndStop();
  EXPECT_THAT(Calls(), ElementsAre("failed snapshot web", "snapshot db"));
  EXPECT_THAT(answers, ElementsAre("too large", "1"));
}

TEST_F(TimelineWriterTest, FewSnapshotsWait) {
  std::vector<std::string> answers;
  int pushed = 0;
  for (; pushed < 100; ++pushed) {
    WriteBatch batch;
    batch.snapshots = {Snapshot("web", &answers)};
    if (!writer_.Push(batch)) break;
  }
  EXPECT_EQ(pushed, 32);
  Push({Row(0)});  // events have their own room
  StartAndStop();
  EXPECT_THAT(answers, SizeIs(32));
}

class MarkedWriterTest : public TimelineWriterTest {
 protected:
  MarkedWriterTest() {
    writer_.ExpectMarks("loading",
                        [this](const RingMark& mark) { durable_.push_back(mark.number); });
  }
  void PushFromRings(std::vector<WriteItem> items, std::optional<RingMark> mark) {
    WriteBatch batch;
    batch.items = std::move(items);
    batch.from_rings = true;
    batch.mark = std::move(mark);
    ASSERT_TRUE(writer_.Push(batch));
  }
  static RingMark Mark(uint64_t number, uint64_t critical, std::map<uint64_t, uint64_t> seen = {}) {
    RingMark mark{number, critical, 7, {}, {}};
    for (const auto& [slot, count] : seen)
      mark.books.slots[slot] = {slot << 40 | 1, {count, 0}, {}};
    return mark;
  }

  std::vector<uint64_t> durable_;
};

TEST_F(MarkedWriterTest, WhatAMarkCoversIsOneTransactionWithIt) {
  std::vector<WriteItem> many;
  for (int i = 0; i < 2500; ++i) many.push_back(Row(0));  // more than a transaction has otherwise
  PushFromRings({Row(0), Row(0)}, std::nullopt);
  PushFromRings(std::move(many), Mark(1, 64));
  StartAndStop();
  EXPECT_THAT(Calls(), ElementsAre("write 2502"));
  EXPECT_THAT(timeline_.facts(), ElementsAre(Pair("mark", "loading 64 7")));
  EXPECT_THAT(durable_, ElementsAre(1));
}

TEST_F(MarkedWriterTest, WhatComesAfterAMarkWaitsForTheNext) {
  writer_.Start();
  PushFromRings({Row(0)}, Mark(1, 64));
  PushFromRings({Row(0)}, std::nullopt);
  for (int i = 0; i < 500 && timeline_.stored().empty(); ++i)
    absl::SleepFor(absl::Milliseconds(10));
  absl::SleepFor(absl::Milliseconds(100));
  EXPECT_THAT(timeline_.stored(), SizeIs(1)) << "it would be read, and told, again";
  PushFromRings({}, Mark(2, 128));
  writer_.Stop();
  EXPECT_THAT(timeline_.stored(), SizeIs(2));
  EXPECT_THAT(timeline_.facts(), ElementsAre(Pair("mark", "loading 128 7")));
  EXPECT_THAT(durable_, ElementsAre(1, 2));
}

TEST_F(MarkedWriterTest, PositionsAloneAreNotWritten) {
  PushFromRings({}, Mark(1, 64));
  StartAndStop();
  EXPECT_THAT(Calls(), IsEmpty());
  EXPECT_THAT(durable_, ElementsAre(1));
}

TEST_F(MarkedWriterTest, AMarkThatCouldNotBeStoredComesWithTheNext) {
  timeline_.FailWrites(kAttempts, absl::UnavailableError("full"));
  writer_.Start();
  PushFromRings({Row(0)}, Mark(1, 64, {{3, 10}, {4, 1}}));
  for (int i = 0; i < 500 && writer_.storage_ok(); ++i) absl::SleepFor(absl::Milliseconds(10));
  EXPECT_THAT(durable_, IsEmpty());
  PushFromRings({Row(0)}, Mark(2, 128, {{3, 11}}));
  writer_.Stop();
  EXPECT_THAT(durable_, ElementsAre(2));
  const LeftMark left = ReadMark(timeline_.facts());
  EXPECT_EQ(left.critical, 128u);
  ASSERT_THAT(left.books.slots, SizeIs(2));
  EXPECT_EQ(left.books.slots.at(3).seen[0], 11u);
  EXPECT_EQ(left.books.slots.at(4).seen[0], 1u);
}

}  // namespace
}  // namespace nsobs
