#include "userspace/main/top/top_draw.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/unit/main/golden.h"
#include "tests/unit/main/samples.h"
#include "tests/unit/main/top/top_samples.h"
#include "userspace/main/text_width.h"

namespace nsobs {
namespace {

constexpr int64_t kNow = kSampleWallNs + 70 * kTopSecond;

class TopDrawTest : public ::testing::Test {
 protected:
  TopDrawTest() { InitTextWidth(); }

  TopDrawing Draw(int columns, int rows) {
    const TopQuestion question{.now_wall_ns = state.paused ? state.paused_wall_ns : kNow,
                               .window_ns = 600 * kTopSecond,
                               .filter = state.filter,
                               .sort = state.sort};
    model = BuildTopModel(store, question);
    const TopScene scene{.store = &store,
                         .model = &model,
                         .question = question,
                         .state = &state,
                         .size = {columns, rows},
                         .zone = absl::FixedTimeZone(3600),
                         .now_wall_ns = kNow,
                         .note = note};
    SettleSelection(model, TopListRows(scene), &state);
    return DrawTop(scene);
  }
  std::string Text(int columns, int rows) { return PlainText(Draw(columns, rows).frame); }

  TopStore store = TopSampleStore(kNow);
  TopModel model;
  TopState state;
  std::string note;
};

TEST_F(TopDrawTest, List) {
  ExpectGolden("top/list-80x24.txt", Text(80, 24));
  ExpectGolden("top/list-130x40.txt", Text(130, 40));
  ExpectGolden("top/list-60x12.txt", Text(60, 12));
}

TEST_F(TopDrawTest, Detail) {
  Draw(80, 24);
  state.page = TopPage::kDetail;
  ExpectGolden("top/detail-80x24.txt", Text(80, 24));
  ExpectGolden("top/detail-100x70.txt", Text(100, 70));
  state.scroll = 5;
  const std::string scrolled = Text(80, 24);
  state.scroll = 1'000'000;
  EXPECT_NE(Text(80, 24), scrolled) << "to the end";
  EXPECT_FALSE(absl::StrContains(Text(80, 24), "container web"));
}

TEST_F(TopDrawTest, Help) {
  state.page = TopPage::kHelp;
  ExpectGolden("top/help-80x24.txt", Text(80, 24));
}

TEST_F(TopDrawTest, SaysThatTheDaemonIsDown) {
  store.run.heartbeat_wall_ns = kNow - 90 * kTopSecond;
  EXPECT_TRUE(absl::StrContains(Text(120, 24), "DAEMON DOWN: no sign of it since 15:01:51"));
  EXPECT_TRUE(absl::StrContains(Text(120, 24), "running?")) << "nobody knows any more";
  store.run.clean_stop = true;
  EXPECT_TRUE(absl::StrContains(Text(120, 24), "DAEMON DOWN: stopped at 15:01:51"));
  store.run = {};
  EXPECT_TRUE(absl::StrContains(Text(120, 24), "nsobserver run"));
}

TEST_F(TopDrawTest, SaysWhatIsNotShown) {
  EXPECT_TRUE(absl::StrContains(Text(120, 24), "not all was seen: 2 losses or gaps"));
  store.NoteLeftOut(kNow);
  state.paused = true;
  state.paused_wall_ns = kNow;
  note = "the timeline is busy";
  const std::string text = Text(200, 24);
  for (const char* part : {"PAUSED at 15:03:21 (p: go on)", "the timeline is busy",
                           "left out some from before 15:03:21"}) {
    EXPECT_TRUE(absl::StrContains(text, part)) << part << " in\n" << text;
  }
  state.filter = "shop";
  EXPECT_TRUE(absl::StrContains(Text(200, 24), "filter \"shop\" hides"));
}

TEST_F(TopDrawTest, NothingThere) {
  const TimelineRunState run = store.run;
  store = TopStore();
  store.run = run;
  EXPECT_TRUE(absl::StrContains(Text(80, 24), "no containers, and nothing failed in the last 10m"));
  state.page = TopPage::kDetail;
  state.selected = "runc:gone";
  EXPECT_TRUE(absl::StrContains(Text(80, 24), "has left the window"));
}

TEST_F(TopDrawTest, TypingAFilter) {
  state.typing = true;
  state.filter = "we";
  EXPECT_TRUE(absl::StrContains(Text(80, 24), "/we_"));
}

// Whatever the size: exactly as many lines, none too wide, the last cell left alone.
TEST_F(TopDrawTest, FitsEverySize) {
  for (const TopPage page : {TopPage::kList, TopPage::kDetail, TopPage::kHelp}) {
    for (int columns = 1; columns <= 140; columns += 3) {
      for (const int rows : {1, 2, 5, 6, 7, 15, 16, 17, 24, 60}) {
        state.page = page;
        const TopDrawing drawing = Draw(columns, rows);
        ASSERT_EQ(drawing.frame.size(), static_cast<size_t>(rows));
        for (const FrameLine& line : drawing.frame) {
          int width = 0;
          for (const Span& span : line.spans) width += TextWidth(span.text);
          ASSERT_LE(width, columns) << columns << "x" << rows;
        }
      }
    }
  }
}

TEST_F(TopDrawTest, HostileTextIsHarmless) {
  for (const TopPage page : {TopPage::kList, TopPage::kDetail}) {
    state.page = page;
    const TopDrawing drawing = Draw(140, 60);
    for (const FrameLine& line : drawing.frame) {
      for (const Span& span : line.spans) {
        const bool control = std::any_of(span.text.begin(), span.text.end(), [](char c) {
          return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        });
        EXPECT_FALSE(control) << span.text;
      }
    }
  }
}

TEST(TopTextTest, AgesAndCounts) {
  EXPECT_EQ(AgeText(-5), "0s");
  EXPECT_EQ(AgeText(59 * kTopSecond), "59s");
  EXPECT_EQ(AgeText(3599 * kTopSecond), "59m");
  EXPECT_EQ(AgeText(49 * 3600 * kTopSecond), "2d");
  EXPECT_EQ(ShortCount(9999), "9999");
  EXPECT_EQ(ShortCount(10'000), "10k");
  EXPECT_EQ(ShortCount(123'000'000), "123M");
}

}  // namespace
}  // namespace nsobs
