#include "exporters/otlp/cursor_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/unit/timeline/timeline_fixture.h"

namespace nsobs {
namespace {

TEST(CursorFile, ComesBackAsWritten) {
  const TempDir dir;
  EXPECT_TRUE(absl::IsNotFound(ReadCursor(dir.path()).status()));
  for (const OtlpCursor& cursor : {OtlpCursor{1, 2, 3, 4}, OtlpCursor{INT64_MAX, 0, 5, 6}}) {
    ASSERT_OK(WriteCursor(dir.path(), cursor));
    const auto read = ReadCursor(dir.path());
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, cursor);
  }
  struct stat st{};
  ASSERT_EQ(stat((dir.path() + "/" + kOtlpCursorFile).c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
}

TEST(CursorFile, DamageIsNoCursor) {
  const TempDir dir;
  for (const char* text :
       {"", "{", "[]", "null", R"({"version":2,"event_id":1,"finding_id":1,"snapshot_id":1})",
        R"({"version":1,"event_id":1,"finding_id":1,"snapshot_id":1})",
        R"({"version":1,"event_id":-1,"finding_id":1,"snapshot_id":1,"grown_since_wall_ns":1})",
        R"({"version":1,"event_id":"1","finding_id":1,"snapshot_id":1,"grown_since_wall_ns":1})"}) {
    std::ofstream(dir.path() + "/" + kOtlpCursorFile) << text;
    EXPECT_TRUE(absl::IsDataLoss(ReadCursor(dir.path()).status())) << text;
  }
}

TEST(CursorFile, AFolderThatIsGoneIsAnError) {
  EXPECT_FALSE(WriteCursor("/nonexistent-nsobs", {}).ok());
}

}  // namespace
}  // namespace nsobs
