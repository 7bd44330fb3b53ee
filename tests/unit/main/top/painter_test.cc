#include "userspace/main/top/painter.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "absl/strings/match.h"
#include "userspace/main/text_width.h"
#include "userspace/main/top/top_command.h"

namespace nsobs {
namespace {

TerminalControls Plain() {
  TerminalControls controls;
  controls.clear_all = "<clear>";
  controls.clear_to_end_of_line = "<el>";
  controls.plain = "<0>";
  controls.red = "<red>";
  controls.reverse = "<rev>";
  for (int row = 0; row < controls.rows; ++row) {
    controls.move_to_row[row] = "<" + std::to_string(row) + ">";
  }
  return controls;
}

FrameLine Line(const std::string& text, Style style = Style::kPlain, bool selected = false) {
  return {{{text, style}}, selected};
}

TEST(PainterTest, OnlyWhatChangedIsSent) {
  const TerminalControls controls = Plain();
  Painter painter(controls);
  EXPECT_EQ(painter.Paint({Line("a"), Line("b", Style::kRed)}),
            "<0><clear><0><el>a<1><el><red>b<0>");
  EXPECT_EQ(painter.Paint({Line("a"), Line("b", Style::kRed)}), "");
  EXPECT_EQ(painter.Paint({Line("a"), Line("c", Style::kPlain, true)}), "<1><el><rev>c<0>");
  EXPECT_EQ(painter.Paint({Line("a"), FrameLine()}), "<1><el>");
  EXPECT_EQ(painter.Paint({Line("a")}), "<0><clear><0><el>a") << "another size: all of it";
  painter.Forget();
  EXPECT_EQ(painter.Paint({Line("a")}), "<0><clear><0><el>a");
}

TEST(FrameTest, FitsAndWraps) {
  InitTextWidth();
  EXPECT_EQ(PlainText({LineBuilder(8).Add("ab").Column("long one", 4).AtRight("x").Done()}),
            " ablon… x\n");
  EXPECT_EQ(PlainText({LineBuilder(4).Column("7", 3, Style::kPlain, true).Done(true)}), ">  7\n");
  EXPECT_EQ(WrapToColumns("ab cdefghij é", 4),
            (std::vector<std::string>{"ab", "cdef", "ghij", "é"}));
  Frame frame = {LineBuilder(20).Add("év…界").Done()};
  ToAscii(&frame);
  EXPECT_EQ(PlainText(frame), " ?v~??\n");
}

TEST(TerminfoTest, SaysWhatIsWrongWithTheTerminal) {
  for (const char* name : {"dumb", "no-such-terminal", ""}) {
    const auto controls = LoadTerminalControls(name, true);
    ASSERT_FALSE(controls.ok()) << name;
    EXPECT_TRUE(absl::StrContains(controls.status().message(), "try TERM=xterm-256color"));
  }
  EXPECT_FALSE(LoadTerminalControls(nullptr, true).ok());
}

TEST(TerminfoTest, KnowsTheUsualOnes) {
  for (const char* name :
       {"xterm", "xterm-256color", "screen", "tmux-256color", "linux", "vt100"}) {
    const auto controls = LoadTerminalControls(name, true);
    ASSERT_TRUE(controls.ok()) << name << ": " << controls.status();
    EXPECT_FALSE(absl::StrContains(controls->move_to_row[5], "$<")) << name;
    EXPECT_TRUE(absl::StrContains(controls->move_to_row[5], "6")) << name;
    EXPECT_EQ(controls->red.empty(), std::string(name) == "vt100");
  }
  EXPECT_EQ(LoadTerminalControls("xterm", false)->red, "");
}

TEST(LocaleTest, IsAsTheLibraryChoosesIt) {
  unsetenv("LC_ALL");
  unsetenv("LC_CTYPE");
  setenv("LANG", "de_DE.UTF-8", 1);
  EXPECT_TRUE(LocaleIsUtf8());
  setenv("LC_ALL", "C", 1);
  EXPECT_FALSE(LocaleIsUtf8());
  unsetenv("LC_ALL");
  unsetenv("LANG");
  EXPECT_FALSE(LocaleIsUtf8());
}

}  // namespace
}  // namespace nsobs
