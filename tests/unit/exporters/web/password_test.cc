#include "exporters/web/password.h"

#include <crypt.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/time/clock.h"

namespace nsobs {
namespace {

std::string HashOf(const std::string& password, const std::string& cost) {
  crypt_data data{};
  const char* made =
      crypt_r(password.c_str(), ("$2b$" + cost + "$abcdefghijklmnopqrstuu").c_str(), &data);
  return made == nullptr ? "" : made;
}

std::string Header(const std::string& user, const std::string& password) {
  return "Basic " + absl::Base64Escape(user + ":" + password);
}

TEST(Password, WhatIsBcrypt) {
  EXPECT_TRUE(IsBcrypt(HashOf("secret", "04")));
  EXPECT_TRUE(IsBcrypt("$2y$10$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK"));
  for (const char* text :
       {"", "secret", "$2y$10$", "$1$10$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK",
        "$2y$31$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK",
        "$2y$10$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7db:"}) {
    EXPECT_FALSE(IsBcrypt(text)) << text;
  }
}

TEST(Password, RightAndWrong) {
  PasswordJudge judge;
  const std::map<std::string, std::string> users = {{"me", HashOf("secret", "04")},
                                                    {"you", HashOf("other", "04")}};
  for (int i = 0; i < 2; ++i) {  // the second time from memory
    EXPECT_EQ(judge.Judge(Header("me", "secret"), users), Verdict::kYes);
    EXPECT_EQ(judge.Judge(Header("me", "other"), users), Verdict::kNo);
    EXPECT_EQ(judge.Judge(Header("you", "secret"), users), Verdict::kNo);
    EXPECT_EQ(judge.Judge(Header("nobody", "secret"), users), Verdict::kNo);
    EXPECT_EQ(judge.Judge(Header("me", ""), users), Verdict::kNo);
    EXPECT_EQ(judge.Judge(Header("me", std::string("secret\0x", 8)), users), Verdict::kNo);
  }
  for (const char* header : {"", "Basic", "Basic !", "Bearer abc", "Basic bm9jb2xvbg=="}) {
    EXPECT_EQ(judge.Judge(header, users), Verdict::kNo) << header;
  }
}

TEST(Password, WhoWasRightIsForgottenWithTheHash) {
  PasswordJudge judge;
  EXPECT_EQ(judge.Judge(Header("me", "secret"), {{"me", HashOf("secret", "04")}}), Verdict::kYes);
  EXPECT_EQ(judge.Judge(Header("me", "secret"), {{"me", HashOf("changed", "04")}}), Verdict::kNo);
  EXPECT_EQ(judge.Judge(Header("me", "secret"), {}), Verdict::kNo);
}

TEST(Password, WhoIsKnownDoesNotWaitForWhoGuesses) {
  PasswordJudge judge;
  const std::map<std::string, std::string> users = {{"me", HashOf("secret", "12")}};
  ASSERT_EQ(judge.Judge(Header("me", "secret"), users), Verdict::kYes);
  std::atomic<bool> stop = false;
  std::atomic<int> busy = 0;
  std::vector<std::thread> guessing;
  for (int i = 0; i < 4; ++i) {
    guessing.emplace_back([&] {
      while (!stop) {
        if (judge.Judge(Header("me", "wrong"), users) == Verdict::kBusy) ++busy;
      }
    });
  }
  const absl::Time begin = absl::Now();
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(judge.Judge(Header("me", "secret"), users), Verdict::kYes);
  // A hundred hashes of this cost would take twenty seconds of an idle machine.
  EXPECT_LT(absl::Now() - begin, absl::Seconds(10));
  while (busy == 0) absl::SleepFor(absl::Milliseconds(1));
  stop = true;
  for (std::thread& thread : guessing) thread.join();
}

}  // namespace
}  // namespace nsobs
