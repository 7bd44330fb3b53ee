#include "userspace/main/table.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/unit/main/fake_console.h"
#include "userspace/main/text_width.h"

namespace nsobs {
namespace {

class TableTest : public testing::Test {
 protected:
  void SetUp() override { InitTextWidth(); }

  static std::vector<Column> Columns() {
    return {{.title = "NAME", .rank = 2, .least = 4},
            {.title = "PID", .rank = 3, .least = 3, .right = true},
            {.title = "NOTE", .rank = 1, .least = 6, .optional = true},
            {.title = "WHAT", .rank = 0, .least = 6}};
  }

  static std::string Print(const Screen& screen) {
    Table table(Columns(), screen);
    table.AddRow({{"web"}, {"17"}, {"a note"}, {"something long enough"}});
    table.AddRow({{"日本語"}, {"4711"}, {""}, {""}});
    std::ostringstream out;
    table.Print(out);
    return out.str();
  }
};

TEST_F(TableTest, PipeIsAlignedWholeAndWithoutTrailingSpace) {
  EXPECT_EQ(Print(Pipe()),
            "NAME     PID  NOTE    WHAT\n"
            "web       17  a note  something long enough\n"
            "日本語  4711\n");
}

TEST_F(TableTest, TerminalThatIsWideEnoughCutsNothing) {
  EXPECT_EQ(Print(Terminal(45)), Print(Pipe()));
}

TEST_F(TableTest, LowestRankShrinksFirst) {
  EXPECT_EQ(Print(Terminal(32)),
            "NAME     PID  NOTE    WHAT\n"
            "web       17  a note  something…\n"
            "日本語  4711\n");
}

TEST_F(TableTest, OptionalColumnsAreLeftOutAndItIsSaid) {
  EXPECT_EQ(Print(Terminal(23)),
            "(too narrow for NOTE)\n"
            "NAME     PID  WHAT\n"
            "web       17  somethin…\n"
            "日本語  4711\n");
}

TEST_F(TableTest, NarrowerThanEverythingStillFits) {
  EXPECT_EQ(Print(Terminal(12)),
            "(too narrow for NOTE)\n"
            "NA…  PID  W…\n"
            "web   17  s…\n"
            "日…  47…\n");
}

TEST_F(TableTest, NoLineIsWiderThanTheTerminal) {
  for (int columns = 10; columns < 60; ++columns) {
    std::istringstream lines(Print(Terminal(columns)));
    for (std::string line; std::getline(lines, line);) {
      if (line[0] == '(') continue;  // says what was left out
      EXPECT_LE(TextWidth(line), columns) << line;
    }
  }
}

TEST_F(TableTest, ColourIsAroundTheTextOnly) {
  Table table({{.title = "A"}, {.title = "B"}}, Terminal(80, true));
  table.AddRow({{"x", Style::kRed}, {"y"}});
  table.AddRow({{"longer", Style::kDim}, {"", Style::kRed}});
  std::ostringstream out;
  table.Print(out);
  EXPECT_EQ(out.str(),
            "\x1b[1mA\x1b[0m       \x1b[1mB\x1b[0m\n"
            "\x1b[31mx\x1b[0m       y\n"
            "\x1b[2mlonger\x1b[0m\n");
}

TEST_F(TableTest, TailsStayWhenTextIsCut) {
  Table table({{.title = "A", .least = 4}}, Terminal(12));
  table.AddRow({{"long enough", Style::kPlain, ", +9"}});
  table.AddRow({{"short", Style::kPlain, ", +9"}});
  table.AddRow({{"x", Style::kPlain, ", a tail that has no room"}});
  std::ostringstream out;
  table.Print(out);
  EXPECT_EQ(out.str(), "A\nlong en…, +9\nshort, +9\nx, a tail t…\n");
}

TEST_F(TableTest, PrintedBitByBit) {
  Table table({{.title = "A", .expected = 4}, {.title = "B"}}, Pipe());
  std::ostringstream out;
  table.AddRow({{"x"}, {"y"}});
  EXPECT_EQ(table.pending_rows(), 1u);
  table.Print(out);
  EXPECT_EQ(table.pending_rows(), 0u);
  table.AddRow({{"wider"}, {"y"}});
  table.Print(out);
  table.AddRow({{"x"}});
  table.AddRow({{"x"}, {"y"}});
  table.Print(out);
  EXPECT_EQ(out.str(), "A     B\nx     y\nwider  y\nx\nx      y\n");
}

}  // namespace
}  // namespace nsobs
