// Files that are not what they should be: the timeline works with them or sets them aside.
#include <fcntl.h>
#include <unistd.h>

#include <random>

#include "tests/unit/timeline/damage_fixture.h"
#include "userspace/base/fd.h"
#include "userspace/timeline/set_aside.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(DamageTest, GarbageIsSetAside) {
  Spill(db_path(), std::string(10000, 'x'));
  Open();
  ASSERT_THAT(report_.notes, SizeIs(1));
  EXPECT_THAT(report_.notes[0], HasSubstr("was set aside as timeline.db.corrupt-20260921T"));
  const auto aside = FilesLike("corrupt");
  ASSERT_THAT(aside, SizeIs(1));
  EXPECT_EQ(Slurp(dir_.path() + "/" + aside[0]), std::string(10000, 'x'));
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1)));
  EXPECT_THAT(ReadPids(), ElementsAre(1));
}

TEST_F(DamageTest, AnothersDatabaseIsSetAsideWholeAndIsNoGap) {
  ASSERT_OK(PrepareFile(db_path()));
  Exec("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (5)");
  Open();
  ASSERT_THAT(report_.notes, SizeIs(1));
  EXPECT_THAT(report_.notes[0], HasSubstr("not a timeline of nsobserver"));
  EXPECT_FALSE(report_.gap.has_value());
  timeline_.reset();
  Open();
  EXPECT_FALSE(report_.gap.has_value()) << "nor is it for the run after that";
  const auto aside = FilesLike("corrupt");
  ASSERT_THAT(aside, SizeIs(1));
  auto theirs =
      Database::Open(dir_.path() + "/" + aside[0], Database::Mode::kReadOnly, absl::Seconds(1));
  ASSERT_TRUE(theirs.ok());
  EXPECT_EQ(*theirs->QueryInt("SELECT a FROM theirs"), 5);
}

TEST_F(DamageTest, TheGapBeginsWhenTheDamagedFileWasLastWritten) {
  Spill(db_path(), std::string(10000, 'x'));
  const int64_t written = LastWrittenWallNs(db_path());
  ASSERT_GT(written, 0);
  // Now is 100 s after that; the host has been up for 1,000 s, and then for 10 s.
  for (const auto& [up, cause] : std::vector<std::pair<int64_t, std::string>>{
           {1000 * kSecond, "crashed"}, {10 * kSecond, "host_reboot"}}) {
    RemoveAllFiles();
    Spill(db_path(), std::string(10000, 'x'));
    const int64_t from = LastWrittenWallNs(db_path());
    FakeClock clock(up, from + 100 * kSecond);
    auto opened = Timeline::Open(options_, &clock, &report_);
    ASSERT_TRUE(opened.ok());
    ASSERT_TRUE(report_.gap.has_value());
    EXPECT_EQ(report_.gap->cause, cause);
    EXPECT_EQ(report_.gap->from_wall_ns, from);
    EXPECT_EQ(report_.gap->to_wall_ns, from + 100 * kSecond);
  }
}

// Killed between setting it aside and the first heartbeat in the new file.
TEST_F(DamageTest, TheGapIsToldAlsoByTheRunAfterTheOneThatSetAside) {
  for (const bool made : {true, false}) {
    RemoveAllFiles();
    Spill(db_path(), std::string(10000, 'x'));
    const int64_t written = LastWrittenWallNs(db_path());
    Open();
    ASSERT_FALSE(HasFatalFailure());
    timeline_.reset();
    if (!made) std::filesystem::remove(db_path());
    Open();
    EXPECT_THAT(report_.notes, ElementsAre(HasSubstr("was set aside as timeline.db.corrupt-")));
    ASSERT_TRUE(report_.gap.has_value());
    EXPECT_EQ(report_.gap->from_wall_ns, std::min(written, clock_.WallNs()));
    ASSERT_OK(WriteRow(MakeEvent(clock_, 1)));
    timeline_.reset();
    Open();
    ASSERT_TRUE(report_.gap.has_value());
    EXPECT_EQ(report_.gap->from_wall_ns, clock_.WallNs()) << "since the heartbeat";
    timeline_.reset();
  }
}

TEST_F(DamageTest, ANewerFileIsRefusedAndLeftAlone) {
  MakeGoodFile();
  Exec("PRAGMA user_version = 99; UPDATE meta SET value = 99 WHERE key = 'schema_version'");
  const std::string before = Slurp(db_path());
  auto opened = Timeline::Open(options_, &clock_, &report_);
  EXPECT_TRUE(absl::IsFailedPrecondition(opened.status()));
  EXPECT_THAT(std::string(opened.status().message()), HasSubstr("written by a newer nsobserver"));
  EXPECT_EQ(Slurp(db_path()), before);
  EXPECT_THAT(FilesLike("corrupt"), IsEmpty());
}

TEST_F(DamageTest, OnlyTheLatestFewAreKept) {
  for (int i = 0; i < kSetAsideKept + 3; ++i) {
    Spill(db_path(), std::to_string(i) + std::string(5000, 'x'));
    Spill(db_path() + "-wal", "log");
    auto name = SetAside(dir_.path(), kStartWall);
    ASSERT_TRUE(name.ok());
    EXPECT_EQ(Slurp(dir_.path() + "/" + *name).substr(0, 1), std::to_string(i));
    EXPECT_EQ(Slurp(dir_.path() + "/" + *name + "-wal"), "log");
  }
  EXPECT_THAT(FilesLike("corrupt"), SizeIs(2 * kSetAsideKept));
}

TEST_F(DamageTest, BytesFlippedAnywhere) {
  MakeGoodFile();
  const std::string good = Slurp(db_path());
  std::vector<size_t> offsets;
  for (size_t i = 0; i < 104; ++i) offsets.push_back(i);  // the header, and the root of the schema
  std::mt19937 random(20261123);
  std::uniform_int_distribution<size_t> anywhere(100, good.size() - 1);
  for (int i = 0; i < 80; ++i) offsets.push_back(anywhere(random));
  for (size_t offset : offsets) {
    std::string bad = good;
    bad[offset] = static_cast<char>(bad[offset] ^ (1 + random() % 255));
    RemoveAllFiles();
    Spill(db_path(), bad);
    ExpectReaderSurvives();
    ExpectUsable("offset " + std::to_string(offset));
    ASSERT_FALSE(HasFailure()) << "offset " << offset;
  }
}

TEST_F(DamageTest, WholeBlocksOverwritten) {
  MakeGoodFile();
  const std::string good = Slurp(db_path());
  std::mt19937 random(42);
  for (size_t at = 0; at < good.size(); at += 4096) {
    std::string bad = good;
    for (size_t i = at; i < std::min(at + 4096, bad.size()); ++i) {
      bad[i] = static_cast<char>(random());
    }
    RemoveAllFiles();
    Spill(db_path(), bad);
    ExpectReaderSurvives();
    ExpectUsable("block at " + std::to_string(at));
    ASSERT_FALSE(HasFailure()) << "block at " << at;
  }
}

// Each page of a scan begins behind the row before it: with rows out of order it went round for
// ever.
TEST_F(DamageTest, AReaderOfRowsThatAreOutOfOrderComesToAnEnd) {
  Open();
  for (uint32_t i = 1; i <= 60; ++i) ASSERT_OK(WriteRow(MakeEvent(clock_, i)));
  ASSERT_OK(timeline_->Close());
  timeline_.reset();
  const std::string good = Slurp(db_path());
  const size_t pages = good.size() / 4096;
  int ended = 0;
  for (size_t a = 1; a < pages; ++a) {
    for (size_t b = a + 1; b < pages; b += 2) {
      std::string bad = good;
      std::swap_ranges(bad.begin() + a * 4096, bad.begin() + (a + 1) * 4096,
                       bad.begin() + b * 4096);
      RemoveAllFiles();
      Spill(db_path(), bad);
      ExpectReaderSurvives();
      ASSERT_FALSE(HasFailure()) << "pages " << a << " and " << b;
      ++ended;
    }
  }
  EXPECT_GT(ended, 100);
}

TEST_F(DamageTest, CutOffAnywhere) {
  MakeGoodFile();
  const std::string good = Slurp(db_path());
  for (size_t size :
       {size_t{1}, size_t{99}, size_t{100}, size_t{512}, size_t{4095}, size_t{4096}, size_t{5000},
        size_t{8192}, good.size() / 2, good.size() - 4096, good.size() - 1}) {
    RemoveAllFiles();
    Spill(db_path(), good.substr(0, size));
    ExpectReaderSurvives();
    ExpectUsable("size " + std::to_string(size));
    ASSERT_FALSE(HasFailure()) << "size " << size;
  }
}

TEST_F(DamageTest, ADamagedLogLosesNoMoreThanItself) {
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1)));
  ASSERT_OK(WriteRow(MakeEvent(clock_, 2)));
  const std::string db = Slurp(db_path());
  const std::string log = Slurp(db_path() + "-wal");
  timeline_.reset();
  std::mt19937 random(7);
  for (int i = 0; i < 50; ++i) {
    std::string bad = log;
    const size_t offset = i < 32 ? static_cast<size_t>(i) : random() % bad.size();
    bad[offset] = static_cast<char>(bad[offset] ^ (1 + random() % 255));
    RemoveAllFiles();
    Spill(db_path(), db);
    Spill(db_path() + "-wal", bad);
    ExpectReaderSurvives();
    ExpectUsable("log offset " + std::to_string(offset));
    ASSERT_FALSE(HasFailure()) << "log offset " << offset;
  }
}

class LateDamageTest : public DamageTest {
 protected:
  // Overwrites the root page of `events` under the open timeline, where no cache can hide it: the
  // log is emptied first and another connection changes the file, so that pages are read anew.
  void DamageEvents() {
    Exec("INSERT OR REPLACE INTO meta VALUES ('x', 1); PRAGMA wal_checkpoint(TRUNCATE)");
    const int64_t page = QueryInt("SELECT rootpage FROM sqlite_schema WHERE name = 'events'");
    ASSERT_GT(page, 1);
    UniqueFd fd(open(db_path().c_str(), O_WRONLY));
    const std::string zeros(4096, '\xee');
    ASSERT_EQ(pwrite(fd.get(), zeros.data(), zeros.size(), (page - 1) * 4096), 4096);
    fd.release();  // closing it would drop SQLite's locks; the process is about to end anyway
  }
};

TEST_F(LateDamageTest, WhatIsWrittenGoesToAFreshFileWithHigherIds) {
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1), 5));
  ASSERT_OK(WriteRow(MakeEvent(clock_, 2)));
  DamageEvents();
  auto web = MakeContainer("web", "7c75");
  const std::vector<TimelineItem> items = {TimelineExtension{5, 2, kStartWall},
                                           TimelineRow{0, MakeEvent(clock_, 3, web)}};
  ASSERT_OK(timeline_->Write(items));
  EXPECT_THAT(
      timeline_->TakeNotes(),
      ElementsAre(HasSubstr("was set aside as timeline.db.corrupt-"), HasSubstr("1 extensions")));
  const auto events = Read();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0]["process"]["pid"], 3);
  EXPECT_EQ(events[0]["id"], 3);
  EXPECT_THAT(ReadPids({.container = "web"}), ElementsAre(3));

  // A disk that goes on like that doesn't make us begin anew all the time.
  DamageEvents();
  EXPECT_TRUE(absl::IsDataLoss(WriteRow(MakeEvent(clock_, 4))));
  clock_.AdvanceNs(61 * kSecond);
  ASSERT_OK(WriteRow(MakeEvent(clock_, 4)));
  EXPECT_THAT(ReadPids(), ElementsAre(4));
}

}  // namespace
}  // namespace nsobs
