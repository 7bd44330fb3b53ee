#include "exporters/otlp/outbox.h"

#include <set>

#include "tests/unit/timeline/timeline_fixture.h"

namespace nsobs {
namespace {

int64_t Attribute(const OtlpRecord& record, const std::string& key) {
  for (const auto& attribute : record.attributes()) {
    if (attribute.key() == key) return attribute.value().int_value();
  }
  return -1;
}

std::string Uid(const OtlpRecord& record) {
  for (const auto& attribute : record.attributes()) {
    if (attribute.key() == "log.record.uid") return attribute.value().string_value();
  }
  return "";
}

class OutboxTest : public TimelineFixture {
 protected:
  void Fill(int rows) {
    for (int i = 0; i < rows; ++i) ASSERT_OK(WriteRow(MakeEvent(clock_, 100)));
  }
  void OpenOutbox() {
    auto reader = TimelineReader::Open(dir_.path());
    ASSERT_TRUE(reader.ok()) << reader.status();
    reader_ = *std::move(reader);
    outbox_ = std::make_unique<Outbox>(reader_.get(), &clock_, "host");
  }
  OtlpBatch Next(const OtlpCursor& cursor, size_t records = 500) {
    auto batch = outbox_->Next(cursor, records);
    EXPECT_TRUE(batch.ok()) << batch.status();
    return batch.ok() ? *std::move(batch) : OtlpBatch{};
  }
  absl::Status Extend(uint64_t run, uint64_t count) {
    const TimelineItem item = TimelineExtension{run, count, clock_.WallNs()};
    return timeline_->Write({&item, 1});
  }

  std::unique_ptr<TimelineReader> reader_;
  std::unique_ptr<Outbox> outbox_;
};

TEST_F(OutboxTest, GivesEachRowOnceInOrderInBatches) {
  Open();
  Fill(7);
  OpenOutbox();
  OtlpCursor cursor;
  std::vector<int64_t> ids;
  std::set<std::string> uids;
  for (const size_t expected : {3u, 3u, 1u, 0u}) {
    const OtlpBatch batch = Next(cursor, 3);
    EXPECT_EQ(batch.records.size(), expected);
    EXPECT_EQ(batch.at_end, expected < 3);
    for (const OtlpRecord& record : batch.records) {
      ids.push_back(Attribute(record, "nsobserver.event.id"));
      uids.insert(Uid(record));
    }
    cursor = batch.after;
  }
  EXPECT_EQ(ids, (std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(uids.size(), 7u);
}

TEST_F(OutboxTest, TheSameCursorGivesTheSameRecords) {
  Open();
  Fill(4);
  OpenOutbox();
  const OtlpBatch first = Next({}, 3), again = Next({}, 3);
  ASSERT_EQ(first.records.size(), again.records.size());
  for (size_t i = 0; i < first.records.size(); ++i) {
    EXPECT_EQ(first.records[i].SerializeAsString(), again.records[i].SerializeAsString());
  }
}

TEST_F(OutboxTest, ARowThatGrewComesAgainUntilItNoLongerGrows) {
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 100), /*run_id=*/1));
  OpenOutbox();
  OtlpBatch batch = Next({});
  ASSERT_EQ(batch.records.size(), 1u);
  const std::string uid = Uid(batch.records[0]);
  for (const int64_t count : {5, 9}) {
    clock_.AdvanceNs(3 * kSecond);
    ASSERT_OK(Extend(1, static_cast<uint64_t>(count)));
    batch = Next(batch.after);
    ASSERT_EQ(batch.records.size(), 1u);
    EXPECT_EQ(Uid(batch.records[0]), uid);
    EXPECT_EQ(Attribute(batch.records[0], "nsobserver.event.count"), count);
    EXPECT_EQ(batch.oldest_wall_ns, 0) << "growth is no lag";
  }
  clock_.AdvanceNs(3 * kSecond);
  EXPECT_TRUE(Next(batch.after).records.empty());
}

TEST_F(OutboxTest, GrowthThatWasGivenOutAndNotTakenComesAgain) {
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 100), /*run_id=*/1));
  OpenOutbox();
  const OtlpCursor taken = Next({}).after;
  clock_.AdvanceNs(3 * kSecond);
  ASSERT_OK(Extend(1, 5));
  EXPECT_EQ(Next(taken).records.size(), 1u);
  outbox_->Forget();  // that batch failed
  EXPECT_EQ(Next(taken).records.size(), 1u);
}

TEST_F(OutboxTest, ANewProcessFindsWhatGrewWhileNobodySent) {
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 100), /*run_id=*/1));
  OpenOutbox();
  const OtlpCursor written = Next({}).after;
  clock_.AdvanceNs(300 * kSecond);
  ASSERT_OK(Extend(1, 50));
  clock_.AdvanceNs(300 * kSecond);
  OpenOutbox();
  const OtlpBatch batch = Next(written);
  ASSERT_EQ(batch.records.size(), 1u);
  EXPECT_EQ(Attribute(batch.records[0], "nsobserver.event.count"), 50);
}

TEST_F(OutboxTest, WhatCannotBeReadIsCountedOnce) {
  Open();
  Fill(5);
  Exec("UPDATE events SET body = 'x' WHERE id IN (3, 4)");
  OpenOutbox();
  const OtlpCursor cursor = Next({}, 1).after;
  const OtlpBatch batch = Next(cursor);
  EXPECT_EQ(batch.records.size(), 2u);
  EXPECT_EQ(batch.expired, 2u);
  EXPECT_EQ(Next(cursor).expired, 0u) << "of that batch which did not arrive";
}

TEST_F(OutboxTest, ABatchIsBoundedInBytes) {
  Open();
  ObservedEvent event = MakeEvent(clock_, 100);
  event.event.process.exe_args = std::string(7000, 'x');
  for (int i = 0; i < 400; ++i) ASSERT_OK(WriteRow(event));
  OpenOutbox();
  OtlpCursor cursor;
  size_t records = 0;
  for (int batches = 0; batches < 10; ++batches) {
    const OtlpBatch batch = Next(cursor);
    size_t bytes = 0;
    for (const OtlpRecord& record : batch.records) bytes += record.ByteSizeLong();
    EXPECT_LE(bytes, Outbox::kMaxBytes);
    records += batch.records.size();
    cursor = batch.after;
    if (batch.at_end) break;
  }
  EXPECT_EQ(records, 400u);
}

TEST_F(OutboxTest, WhatRetentionRemovedBeforeItWasSentIsCountedOnce) {
  Open();
  Fill(10);
  OpenOutbox();
  const OtlpCursor sent = Next({}, 4).after;
  ASSERT_TRUE(timeline_->Close().ok());
  auto database = Database::Open(db_path(), Database::Mode::kReadWrite, absl::Seconds(1));
  ASSERT_TRUE(database.ok());
  ASSERT_OK(database->Exec("DELETE FROM events WHERE id < 8"));
  OtlpBatch batch = Next(sent);
  EXPECT_EQ(batch.records.size(), 3u);
  EXPECT_EQ(batch.expired, 3u);
  EXPECT_EQ(Next(sent).expired, 0u) << "a second look counts them no second time";
}

TEST_F(OutboxTest, AFreshTimelineInTheFolderIsSentFromItsBeginning) {
  Open();
  Fill(3);
  OpenOutbox();
  EXPECT_EQ(
      Next(OtlpCursor{.event_id = 5000, .grown_since_wall_ns = clock_.WallNs()}).after.event_id, 3);
}

}  // namespace
}  // namespace nsobs
