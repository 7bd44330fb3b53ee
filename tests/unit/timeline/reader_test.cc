#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "tests/unit/timeline/timeline_fixture.h"
#include "userspace/timeline/schema.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ReaderTest : public TimelineFixture {
 protected:
  absl::Status OpenStatus() { return TimelineReader::Open(dir_.path()).status(); }
};

TEST_F(ReaderTest, SaysSoWhenThereIsNoTimeline) {
  EXPECT_TRUE(absl::IsNotFound(OpenStatus()));
  EXPECT_THAT(std::string(OpenStatus().message()),
              HasSubstr("there is no timeline in " + dir_.path()));
  EXPECT_TRUE(absl::IsNotFound(TimelineReader::Open(dir_.path() + "/none").status()));
  ASSERT_OK(PrepareFile(db_path()));
  EXPECT_TRUE(absl::IsNotFound(OpenStatus()));  // still being made
  EXPECT_THAT(FilesLike("timeline.db-"), ::testing::IsEmpty());
}

TEST_F(ReaderTest, RefusesWhatItCanNotRead) {
  Open();
  timeline_.reset();
  Exec("PRAGMA user_version = 99; UPDATE meta SET value = 99 WHERE key = 'schema_version'");
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenStatus()));
  EXPECT_THAT(std::string(OpenStatus().message()), HasSubstr("newer"));
  Exec("PRAGMA application_id = 5");
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenStatus()));
  EXPECT_THAT(std::string(OpenStatus().message()), HasSubstr("not a timeline"));
  std::ofstream(db_path(), std::ios::trunc) << std::string(5000, 'x');
  EXPECT_TRUE(absl::IsDataLoss(OpenStatus()));
  EXPECT_EQ(FilesLike("corrupt").size(), 0u);  // a reader moves nothing
}

TEST_F(ReaderTest, WorksWhileTheObserverRunsAndWhenItIsDown) {
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1)));
  EXPECT_THAT(ReadPids(), ElementsAre(1));
  ASSERT_OK(timeline_->Close());
  EXPECT_THAT(ReadPids(), ElementsAre(1));
  timeline_.reset();
  EXPECT_THAT(ReadPids(), ElementsAre(1));
}

TEST_F(ReaderTest, SeesWhatIsWrittenAfterItWasOpened) {
  Open();
  auto reader = TimelineReader::Open(dir_.path());
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(*(*reader)->LastEventId(), 0);
  int64_t last = 0;
  for (uint32_t i = 1; i <= 3; ++i) {
    ASSERT_OK(WriteRow(MakeEvent(clock_, i)));
    std::vector<int64_t> ids;
    ASSERT_OK((*reader)->Events({.after_id = last}, [&](const StoredEvent& event) {
      ids.push_back(event.id);
      return true;
    }));
    EXPECT_THAT(ids, ElementsAre(i));
    last = *(*reader)->LastEventId();
    EXPECT_EQ(last, i);
  }
}

// Where no shared memory file can be made. As root modes mean nothing, so make it a directory.
TEST_F(ReaderTest, ReadsAFileWithoutALogWhereItCanNotWrite) {
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1)));
  ASSERT_OK(timeline_->Close());
  timeline_.reset();
  std::filesystem::create_directory(db_path() + "-shm");
  EXPECT_THAT(ReadPids(), ElementsAre(1));
}

TEST_F(ReaderTest, DamagedRowsAreLeftOutAndTold) {
  Open();
  for (uint32_t i = 1; i <= 4; ++i) ASSERT_OK(WriteRow(MakeEvent(clock_, i)));
  Exec("UPDATE events SET body = 'x' WHERE id = 2; UPDATE events SET kind = 77 WHERE id = 3");
  auto reader = TimelineReader::Open(dir_.path());
  ASSERT_TRUE(reader.ok());
  std::vector<int64_t> ids;
  const absl::Status status = (*reader)->Events({}, [&](const StoredEvent& event) {
    ids.push_back(event.id);
    return true;
  });
  EXPECT_THAT(ids, ElementsAre(1, 4));
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("2 damaged events"));
}

TEST_F(ReaderTest, DamagedOwnersComeBackAsFarAsTheyCan) {
  Open();
  ASSERT_OK(timeline_->UpsertContainers({MakeContainer("web", "7c75")}));
  ASSERT_OK(timeline_->UpsertNamespaces({{.identity = {1, 1}}, {.identity = {2, 2}}}));
  auto reader = TimelineReader::Open(dir_.path());
  ASSERT_TRUE(reader.ok());
  for (const char* json : {"", "x", "{\"a\":1}", "[[1]]", "[[1,2],3,4,5,6,7,8,9]",
                           "[[-1,-2],[1],[],[1,2],[1,2],[1,2],[1,2],[1,2]]"}) {
    Exec(std::string("UPDATE containers SET namespaces = '") + json + "', labels = '" + json + "'");
    auto containers = (*reader)->Containers();
    ASSERT_TRUE(containers.ok());
    EXPECT_EQ(containers->at(0).container.name, "web");
  }
  Exec("UPDATE namespaces SET kind = 8 WHERE inode = 1");
  EXPECT_EQ((*reader)->Namespaces()->size(), 1u);
}

TEST_F(ReaderTest, FollowsToTheFileThatReplacesItsOwn) {
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1)));
  auto reader = TimelineReader::Open(dir_.path());
  ASSERT_TRUE(reader.ok());
  timeline_.reset();
  std::filesystem::rename(db_path(), db_path() + ".old");
  EXPECT_EQ(*(*reader)->LastEventId(), 1);  // nothing better yet
  Open();
  ASSERT_OK(timeline_->Write(
      {TimelineRow{0, MakeEvent(clock_, 2)}, TimelineRow{0, MakeEvent(clock_, 3)}}));
  EXPECT_EQ(*(*reader)->LastEventId(), 2);
}

// Readers and the writer at once: readers see rows in order, each once, and the writer never
// fails for them.
TEST_F(ReaderTest, ReadingWhileWriting) {
  options_.retention_bytes = 4 << 20;
  Open();
  constexpr uint32_t kBatch = 20;
  std::atomic<bool> stop = false;
  std::atomic<int> reads = 0;
  const auto read = [&] {
    while (!stop) {
      const std::vector<uint32_t> pids = ReadPids();
      // Retention may take rows away between two pages, never inside one.
      for (size_t i = 1; i < pids.size(); ++i) ASSERT_GT(pids[i], pids[i - 1]);
      ++reads;
    }
  };
  std::thread first(read);
  std::thread second(read);
  for (uint32_t batch = 0; batch < 60 || reads < 10; ++batch) {
    std::vector<TimelineItem> items;
    for (uint32_t i = 1; i <= kBatch; ++i) {
      items.push_back(TimelineRow{0, MakeEvent(clock_, batch * kBatch + i)});
    }
    const absl::Status status = timeline_->Write(items);
    EXPECT_TRUE(status.ok()) << status;
    if (batch % 10 == 0) {
      EXPECT_TRUE(timeline_->ApplyRetention().ok());
    }
  }
  stop = true;
  first.join();
  second.join();
}

// Else whoever reads slower than others write would never come to an end.
TEST_F(ReaderTest, AQuestionIsAnsweredAsOfItsBeginning) {
  Open();
  const std::vector<TimelineItem> items(10, TimelineRow{0, MakeEvent(clock_, 1)});
  ASSERT_OK(timeline_->Write(items));
  auto reader = TimelineReader::Open(dir_.path());
  ASSERT_TRUE(reader.ok());
  int seen = 0;
  ASSERT_OK((*reader)->Events({}, [&](const StoredEvent&) {
    EXPECT_TRUE(timeline_->Write(items).ok());
    return ++seen < 1000;
  }));
  EXPECT_EQ(seen, 10);
}

// A visitor that takes its time must not keep the log from being emptied.
TEST_F(ReaderTest, ASlowReaderDoesNotHoldTheLog) {
  options_.retention_bytes = 4 << 20;
  Open();
  std::vector<TimelineItem> items(400, TimelineRow{0, MakeEvent(clock_, 1)});
  ASSERT_OK(timeline_->Write(items));
  auto reader = TimelineReader::Open(dir_.path());
  ASSERT_TRUE(reader.ok());
  ASSERT_OK((*reader)->Events({}, [&](const StoredEvent&) {
    // 16 MiB in all
    for (int i = 0; i < 40; ++i) EXPECT_TRUE(timeline_->Write(items).ok());
    EXPECT_TRUE(timeline_->ApplyRetention().ok());
    return false;
  }));
  // A batch is 0.4 MB, a step of giving back space 1 MiB; each empties the log before the next.
  EXPECT_LT(std::filesystem::file_size(db_path() + "-wal"), 4u << 20);
}

}  // namespace
}  // namespace nsobs
