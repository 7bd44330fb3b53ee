#include "userspace/base/json_writer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace nsobs {
namespace {

template <typename T>
std::string Written(const T& value) {
  JsonWriter out;
  out.BeginObject();
  out.Field("k", value);
  out.EndObject();
  return std::string(out.text());
}

template <typename T>
std::string Known(const T& value) {
  JsonWriter out;
  out.BeginObject();
  out.KnownField("k", value);
  out.EndObject();
  return std::string(out.text());
}

TEST(JsonWriterTest, Numbers) {
  EXPECT_EQ(Written(std::numeric_limits<uint64_t>::max()), R"({"k":18446744073709551615})");
  EXPECT_EQ(Written(std::numeric_limits<int64_t>::min()), R"({"k":-9223372036854775808})");
  EXPECT_EQ(Written(uint8_t{7}), R"({"k":7})");
  EXPECT_EQ(Written(true), R"({"k":true})");
  EXPECT_EQ(Written(std::optional<uint32_t>(0)), R"({"k":0})");
  EXPECT_EQ(Written(std::optional<uint32_t>()), R"({"k":null})");
  EXPECT_EQ(Known(0), R"({"k":null})");
  EXPECT_EQ(Known(-1), R"({"k":-1})");
}

TEST(JsonWriterTest, Text) {
  EXPECT_EQ(Written("a\"b\\c\n"), R"({"k":"a\"b\\c\n"})");
  EXPECT_EQ(Written(std::string("\0\x1b\x7f", 3)), "{\"k\":\"\\u0000\\u001B\x7f\"}");
  EXPECT_EQ(Written("\xC3\xA9"), "{\"k\":\"\xC3\xA9\"}");
  EXPECT_EQ(Written("\xFFx"), "{\"k\":\"\xEF\xBF\xBDx\"}") << "not UTF-8";
  EXPECT_EQ(Written("x\xC3"), R"({"k":"x"})") << "cut off";
  EXPECT_EQ(Written(std::string_view()), R"({"k":""})");
  EXPECT_EQ(Written(std::optional<std::string>("")), R"({"k":""})");
  EXPECT_EQ(Written(std::optional<std::string>()), R"({"k":null})");
  EXPECT_EQ(Known(""), R"({"k":null})");
  EXPECT_EQ(Known("x"), R"({"k":"x"})");
}

TEST(JsonWriterTest, Nests) {
  JsonWriter out;
  out.BeginObject();
  out.NullField("a");
  out.BeginObject("b");
  out.EndObject();
  out.BeginArray("c");
  out.Item("x");
  out.BeginObject();
  out.Field("d", 1);
  out.EndObject();
  out.EndArray();
  out.EndObject();
  EXPECT_EQ(out.text(), R"({"a":null,"b":{},"c":["x",{"d":1}]})");
}

TEST(JsonWriterTest, LongTextsFit) {
  const std::string text(100'000, 'x');
  EXPECT_EQ(Written(text), "{\"k\":\"" + text + "\"}");
}

}  // namespace
}  // namespace nsobs
