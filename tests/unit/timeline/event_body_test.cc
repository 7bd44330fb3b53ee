#include "userspace/timeline/event_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsobs {
namespace {

TEST(EventJsonTest, PutsTheColumnsBeforeTheBody) {
  const EventHead head{
      .id = 5, .time_ns = 0, .boot_ns = 7, .kind = 4, .count = 2, .last_time_ns = 1'000'000'001};
  EXPECT_EQ(EventJson(head, R"({"container":null})"),
            R"({"id":5,"time":"1970-01-01T00:00:00.000000000Z","boot_ns":7,"kind":"oom_kill",)"
            R"("count":2,"last_time":"1970-01-01T00:00:01.000000001Z","container":null})");
}

TEST(EventJsonTest, DamagedRowsAreTold) {
  const EventHead good{.id = 1, .kind = 3, .count = 1};
  for (const char* body : {"", "{", "{}", "null", "[1,2]", R"({"a":)", R"({"a":1}x)",
                           "{\"a\":\"\xff\"}", "{\"a\":\"\x1b\"}"}) {
    EXPECT_EQ(EventJson(good, body), std::nullopt) << body;
  }
  for (int64_t kind : {int64_t{-1}, int64_t{0}, int64_t{kEventKindEnd}, INT64_MAX}) {
    EXPECT_EQ(EventJson({.id = 1, .kind = kind}, R"({"a":1})"), std::nullopt) << kind;
  }
}

TEST(ClampTest, StaysPositive) {
  EXPECT_EQ(Clamp(0), 0);
  EXPECT_EQ(Clamp(INT64_MAX), INT64_MAX);
  EXPECT_EQ(Clamp(UINT64_MAX), INT64_MAX);
}

}  // namespace
}  // namespace nsobs
