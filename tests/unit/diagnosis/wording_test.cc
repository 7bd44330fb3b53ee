#include "userspace/diagnosis/wording.h"

#include <gtest/gtest.h>

namespace nsobs {
namespace {

TEST(Wording, NumbersForPeople) {
  EXPECT_EQ(Seconds(10'012'000'000), "10.0 s");
  EXPECT_EQ(Seconds(250'000'000), "250 ms");
  EXPECT_EQ(Seconds(-5), "0 ms");
  EXPECT_EQ(Bytes(512), "512 B");
  EXPECT_EQ(Bytes(64 << 20), "64 MiB");
  EXPECT_EQ(Bytes((64 << 20) + (512 << 10)), "64.5 MiB");
  EXPECT_EQ(Count(1, "zombie"), "1 zombie");
  EXPECT_EQ(Count(3, "zombie"), "3 zombies");
  EXPECT_EQ(Percent(0.426), "43 %");
}

TEST(Wording, NamesBreakNoLineAndNoShell) {
  EXPECT_EQ(OneLine("a\nb\x1b[31mc").find_first_of("\n\x1b"), std::string::npos);
  EXPECT_EQ(ShellWord("web-1"), "web-1");
  EXPECT_EQ(ShellWord("a b"), "'a b'");
  EXPECT_EQ(ShellWord("$(reboot)"), "'$(reboot)'");
  EXPECT_EQ(ShellWord("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellWord("-rf"), "'-rf'");
  EXPECT_EQ(ShellWord(""), "''");
}

TEST(Wording, SignalsHoweverWritten) {
  for (const nlohmann::ordered_json& json :
       {nlohmann::ordered_json(15), nlohmann::ordered_json("TERM"),
        nlohmann::ordered_json("SIGTERM")}) {
    EXPECT_EQ(SignalText(Node(json)), "SIGTERM");
  }
  EXPECT_EQ(SignalText(Node()), "");
}

TEST(Wording, Addresses) {
  EXPECT_EQ(AddressAndPort("10.0.0.7", 5432), "10.0.0.7:5432");
  EXPECT_EQ(AddressAndPort("::1", 80), "[::1]:80");
  EXPECT_EQ(AddressAndPort("::1", 0), "::1");
  EXPECT_EQ(AddressAndPort("", 80), "port 80");
}

}  // namespace
}  // namespace nsobs
