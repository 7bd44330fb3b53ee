// The question of a DNS query: whatever bytes stand there.
#include "userspace/collector/dns_question.h"

#include <gtest/gtest.h>

#include <string>

namespace nsobs {
namespace {

DnsQuestion Read(const std::string& bytes) {
  return ReadDnsQuestion({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

void Expect(const std::string& bytes, const std::string& name, bool whole, int type) {
  const DnsQuestion question = Read(bytes);
  EXPECT_EQ(question.name, name);
  EXPECT_EQ(question.whole, whole);
  EXPECT_EQ(question.type, type);
}

TEST(DnsQuestionTest, Names) {
  using namespace std::string_literals;
  Expect("\2db\7example\0\0\x1c\0\1"s, "db.example", true, 28);
  Expect("\0\0\2\0\1"s, ".", true, 2);
  Expect("\1a\0\x12\x34"s, "a", true, 0x1234);
  Expect("\4a.b\\\0\0\1"s, "a\\.b\\\\", true, 1);
  Expect("\3\n\x1b\xff\0\0\1"s, "\n\x1b\xff", true, 1);
}

TEST(DnsQuestionTest, CutAnywhere) {
  using namespace std::string_literals;
  const std::string whole = "\2db\7example\0\0\1\0\1"s;
  for (size_t size = 0; size < whole.size(); ++size) {
    const DnsQuestion question = Read(whole.substr(0, size));
    EXPECT_TRUE(std::string("db.example").starts_with(question.name) || question.name == "db.")
        << size;
    EXPECT_EQ(question.whole, size >= 12) << size;
    EXPECT_EQ(question.type, size >= 14 ? 1 : 0) << size;
  }
}

TEST(DnsQuestionTest, WhatIsNoLabelEndsIt) {
  using namespace std::string_literals;
  Expect("\1a\xc0\x0c\0\1"s, "a", false, 0);
  Expect("\x40"s + std::string(64, 'a') + "\0"s, "", false, 0);
  Expect(std::string(136, '\x3f'), Read(std::string(136, '\x3f')).name, false, 0);
}

}  // namespace
}  // namespace nsobs
