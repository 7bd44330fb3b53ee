// What an observer left behind that was killed, changed at random: the file, its log, its shared
// memory. NSOBS_MUTATIONS (400) of them, NSOBS_MUTATIONS_SEED.
#include <chrono>
#include <iostream>
#include <map>
#include <random>

#include "absl/strings/match.h"
#include "tests/unit/timeline/damage_fixture.h"
#include "tests/unit/timeline/story_fixture.h"

namespace nsobs {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kFrame = kPage + 24;
constexpr auto kLongest = std::chrono::seconds(20);  // SQLite itself waits up to 10 s for a lock

using Files = std::map<std::string, std::string>;  // content by suffix

class Mutator {
 public:
  Mutator(uint32_t seed, Files other) : random_(seed), other_(std::move(other)) {}

  // What it did is in the name.
  std::string Mutate(Files* files) {
    static constexpr const char* kTargets[] = {"", "", "-wal", "-wal", "-shm"};
    const std::string suffix = kTargets[Below(std::size(kTargets))];
    std::string& bytes = (*files)[suffix];
    std::string done = One(suffix, &bytes);
    if (Below(4) == 0) done += " and " + One(suffix, &bytes);
    return "db" + suffix + ": " + done;
  }

 private:
  size_t Below(size_t end) { return end == 0 ? 0 : random_() % end; }
  char Byte() { return static_cast<char>(random_()); }

  std::string One(const std::string& suffix, std::string* bytes) {
    const size_t at = Below(bytes->size());
    switch (Below(8)) {
      case 0:
        bytes->resize(at);
        return "cut off at " + std::to_string(at);
      case 1:
        for (size_t n = 1 + Below(8); n > 0; --n) Flip(Below(bytes->size()), bytes);
        return "some bits flipped";
      case 2:
        Flip(Below(std::min<size_t>(bytes->size(), 128)), bytes);
        return "a bit of its header flipped";
      case 3:
        return Overwrite(at, bytes, [] { return '\0'; }, " zeros");
      case 4:
        return Overwrite(at, bytes, [this] { return Byte(); }, " random bytes");
      case 5:
        return SwapPages(suffix == "-wal" ? 32 : 0, suffix == "-wal" ? kFrame : kPage, bytes);
      case 6:
        *bytes = other_[suffix];
        return "that of another timeline";
      default:
        for (size_t n = Below(3 * kPage); n > 0; --n) bytes->push_back(Byte());
        return "something behind its end";
    }
  }

  void Flip(size_t at, std::string* bytes) {
    if (at < bytes->size()) (*bytes)[at] = static_cast<char>((*bytes)[at] ^ (1 << Below(8)));
  }

  template <typename Next>
  std::string Overwrite(size_t at, std::string* bytes, Next next, const char* what) {
    const size_t n = std::min(1 + Below(2 * kPage), bytes->size() - at);
    for (size_t i = 0; i < n; ++i) (*bytes)[at + i] = next();
    return std::to_string(n) + what + " at " + std::to_string(at);
  }

  std::string SwapPages(size_t begin, size_t size, std::string* bytes) {
    if (bytes->size() < begin + 2 * size) return "too short to swap";
    const size_t count = (bytes->size() - begin) / size;
    const size_t a = begin + Below(count) * size;
    const size_t b = begin + Below(count) * size;
    std::swap_ranges(bytes->begin() + static_cast<int64_t>(a),
                     bytes->begin() + static_cast<int64_t>(a + size),
                     bytes->begin() + static_cast<int64_t>(b));
    return "pages swapped at " + std::to_string(a) + " and " + std::to_string(b);
  }

  std::mt19937 random_;
  Files other_;
};

class MutationTest : public DamageTest {
 protected:
  // As a kill in the middle leaves them: most of it in the file, the rest in the log.
  Files LeftBehind(uint32_t first_batch) {
    RemoveAllFiles();
    Files files;
    Story story(dir_.path(), first_batch, 0, [&](const Story::Told& told) {
      if (told.batch != first_batch + kStoryBatches - 1 || told.closed) return;
      for (const char* suffix : {"", "-wal", "-shm"}) files[suffix] = Slurp(db_path() + suffix);
    });
    EXPECT_TRUE(story.Tell().ok());
    return files;
  }

  void Lay(const Files& files) {
    RemoveAllFiles();
    for (const auto& [suffix, bytes] : files) Spill(db_path() + suffix, bytes);
  }

  // Set aside is told, and nothing else is; the run after it has the new row, or has set it aside.
  void ExpectRecordingAgain(const std::string& what) {
    Open();
    ASSERT_FALSE(HasFatalFailure()) << what;
    std::vector<std::string> notes = report_.notes;
    ASSERT_OK(WriteRow(MakeEvent(clock_, 4242)));
    (void)timeline_->ApplyRetention();
    const absl::Status closed = timeline_->Close();
    EXPECT_TRUE(closed.ok() || absl::IsDataLoss(closed)) << closed;
    for (std::string& note : timeline_->TakeNotes()) notes.push_back(std::move(note));
    timeline_.reset();
    int told = 0;
    for (const std::string& note : notes) told += absl::StrContains(note, "set aside as") ? 1 : 0;
    int aside = 0;
    for (const std::string& name : FilesLike("corrupt-")) aside += name.back() == 'Z' ? 1 : 0;
    EXPECT_EQ(told, aside);
    const bool at_start = !report_.notes.empty();
    const bool foreign = at_start && absl::StrContains(report_.notes[0], "not a timeline");
    EXPECT_EQ(report_.gap.has_value(), !foreign) << "of the run that was killed";
    set_aside_ += told;
    if (told > 0) {
      EXPECT_THAT(ReadPids(), ::testing::Contains(4242u));
    }
  }

  void TearDown() override { timeline_.reset(); }

  int set_aside_ = 0;

 private:
  PointHook no_syncs_{{VfsCall::kWrite, "", -1, {}}, /*syncs=*/false};
  FaultyVfs vfs_{&no_syncs_};
};

TEST_F(MutationTest, WhateverIsThereRecordingGoesOn) {
  options_ = StoryOptions(dir_.path());
  Files other = LeftBehind(500);
  const Files good = LeftBehind(1);
  ASSERT_GT(good.at("-wal").size(), 4 * kFrame);
  ASSERT_GT(good.at("").size(), 8 * kPage);
  Mutator mutator(static_cast<uint32_t>(CountFromEnvironment("NSOBS_MUTATIONS_SEED", 20261126)),
                  other);
  const int mutations = CountFromEnvironment("NSOBS_MUTATIONS", 400);
  auto longest = std::chrono::steady_clock::duration::zero();
  for (int i = 0; i < mutations; ++i) {
    Files files = good;
    const std::string what = mutator.Mutate(&files) + " (" + std::to_string(i) + ")";
    SCOPED_TRACE(what);
    Lay(files);
    const auto begin = std::chrono::steady_clock::now();
    ExpectReaderSurvives();
    ASSERT_NO_FATAL_FAILURE(ExpectRecordingAgain(what));
    const auto took = std::chrono::steady_clock::now() - begin;
    longest = std::max(longest, took);
    ASSERT_LT(took, kLongest);
    ASSERT_FALSE(HasFailure());
  }
  std::cout << mutations << " mutations, " << set_aside_ << " set aside, "
            << std::chrono::duration_cast<std::chrono::milliseconds>(longest).count()
            << " ms at most\n";
}

}  // namespace
}  // namespace nsobs
