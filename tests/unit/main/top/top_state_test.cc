#include "userspace/main/top/top_state.h"

#include <gtest/gtest.h>

#include "userspace/main/top/keys.h"

namespace nsobs {
namespace {

TopModel Rows(const std::vector<std::string>& owners) {
  TopModel model;
  for (const std::string& owner : owners) {
    TopRow row;
    row.owner = row.label = owner;
    model.rows.push_back(row);
  }
  return model;
}

class TopStateTest : public ::testing::Test {
 protected:
  TopStateTest() { state.window_ns = 600'000'000'000; }
  TopAction Type(const std::string& bytes) {
    std::string rest = bytes;
    TopAction action = TopAction::kNone;
    for (const Key& key : TakeKeys(&rest, true)) action = Press(key, model, extent, 7, &state);
    SettleSelection(model, extent.list_rows, &state);
    return action;
  }

  TopModel model = Rows({"a", "b", "c", "d", "e"});
  TopExtent extent{.list_rows = 2, .page_lines = 30, .page_rows = 10};
  TopState state;
};

TEST_F(TopStateTest, SelectionMovesAndTheListFollows) {
  Type("");
  EXPECT_EQ(state.selected, "a");
  Type("jj");
  EXPECT_EQ(state.selected, "c");
  EXPECT_EQ(state.first_row, 1u);
  Type("\x1b[A");
  EXPECT_EQ(state.selected, "b");
  Type("G");
  EXPECT_EQ(state.selected, "e");
  EXPECT_EQ(state.first_row, 3u);
  Type("\x1b[B\x1b[B");
  EXPECT_EQ(state.selected, "e");
  Type("\x1b[5~");
  EXPECT_EQ(state.selected, "c");
  Type("g");
  EXPECT_EQ(state.first_row, 0u);
}

TEST_F(TopStateTest, UnchosenItIsAlwaysTheWorstAndChosenItStays) {
  Type("");
  model = Rows({"x", "a", "b"});
  Type("");
  EXPECT_EQ(state.selected, "x");
  Type("j");
  EXPECT_EQ(state.selected, "a");
  model = Rows({"y", "z", "x", "a"});
  Type("");
  EXPECT_EQ(state.selected, "a");
  EXPECT_EQ(state.first_row, 2u);
  model = Rows({"y", "z"});
  Type("");
  EXPECT_EQ(state.selected, "y") << "it is gone: again the worst";
  EXPECT_FALSE(state.chosen);
}

TEST_F(TopStateTest, DetailOpensScrollsAndCloses) {
  Type("j\r");
  EXPECT_EQ(state.page, TopPage::kDetail);
  EXPECT_EQ(state.selected, "b");
  Type("jj\x1b[6~");
  EXPECT_EQ(state.scroll, 12u);
  Type("G");
  EXPECT_EQ(state.scroll, 20u) << "no further than its last line";
  model = Rows({"a"});
  Type("");
  EXPECT_EQ(state.selected, "b") << "also when it left the list";
  EXPECT_EQ(Type("q"), TopAction::kNone) << "back, not out";
  EXPECT_EQ(state.page, TopPage::kList);
  EXPECT_EQ(Type("q"), TopAction::kQuit);
}

TEST_F(TopStateTest, NothingToOpen) {
  model = Rows({});
  Type("\r");
  EXPECT_EQ(state.page, TopPage::kList);
  Type("jkG");
}

TEST_F(TopStateTest, FilterIsTypedKeptAndDropped) {
  Type("/wq");
  EXPECT_TRUE(state.typing) << "q is a letter here";
  EXPECT_EQ(state.filter, "wq");
  Type("\x7f\x7f\xc3\xa9");
  EXPECT_EQ(state.filter, "é");
  Type("\x7f");
  EXPECT_EQ(state.filter, "");
  Type("web\r");
  EXPECT_FALSE(state.typing);
  Type("/x");
  Type("\x1b");
  EXPECT_EQ(state.filter, "web") << "as it was";
  Type("\x1b");
  EXPECT_EQ(state.filter, "");
  Type("/" + std::string(500, 'x') + "\x15");
  EXPECT_EQ(state.filter, "");
  Type(std::string(500, 'x'));
  EXPECT_LE(state.filter.size(), 60u);
}

TEST_F(TopStateTest, SortWindowPause) {
  Type("ss");
  EXPECT_EQ(state.sort, TopSort::kFailures);
  Type("ss");
  EXPECT_EQ(state.sort, TopSort::kTrouble);
  EXPECT_EQ(Type("w"), TopAction::kReload);
  EXPECT_EQ(WindowText(state.window_ns), "1h");
  Type("www");
  EXPECT_EQ(WindowText(state.window_ns), "1m");
  EXPECT_EQ(Type("p"), TopAction::kNone);
  EXPECT_TRUE(state.paused);
  EXPECT_EQ(state.paused_wall_ns, 7);
  EXPECT_EQ(Type("p"), TopAction::kReload) << "what grew meanwhile is read anew";
  EXPECT_EQ(Type("\x03"), TopAction::kQuit);
  EXPECT_EQ(Type("\x1a"), TopAction::kSuspend);
}

std::vector<Key> Keys(std::string bytes, bool last, std::string* rest) {
  std::vector<Key> keys = TakeKeys(&bytes, last);
  *rest = bytes;
  return keys;
}

TEST(KeysTest, SequencesComeInPieces) {
  std::string rest;
  EXPECT_TRUE(Keys("\x1b", false, &rest).empty());
  EXPECT_EQ(rest, "\x1b");
  EXPECT_EQ(Keys("\x1b[", false, &rest).size(), 0u);
  EXPECT_EQ(Keys("\x1bOB", false, &rest), (std::vector<Key>{{KeyCode::kDown, ""}}));
  EXPECT_EQ(Keys("\x1b", true, &rest), (std::vector<Key>{{KeyCode::kEscape, ""}}));
  EXPECT_EQ(Keys("\x1b[1;5Aj", true, &rest),
            (std::vector<Key>{{KeyCode::kUp, ""}, {KeyCode::kText, "j"}}));
  EXPECT_TRUE(Keys("\x1b[?1;2c\x1b[99~", true, &rest).empty()) << "answers and unknown keys";
  EXPECT_EQ(Keys("\xc3", false, &rest).size(), 0u);
  EXPECT_EQ(Keys("\xc3\xa9", false, &rest), (std::vector<Key>{{KeyCode::kText, "é"}}));
}

TEST(KeysTest, AnythingIsTaken) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  std::string rest;
  Keys(all + all, true, &rest);
  EXPECT_EQ(rest, "");
  Keys("\x1b[" + std::string(1000, ';'), false, &rest);
  EXPECT_EQ(rest, "") << "no sequence is that long";
}

}  // namespace
}  // namespace nsobs
