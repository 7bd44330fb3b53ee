#include "userspace/timeline/schema.h"

#include "tests/unit/timeline/timeline_fixture.h"

namespace nsobs {
namespace {

constexpr SchemaStep kFirst[] = {{1, "CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT"}};
constexpr SchemaStep kBoth[] = {kFirst[0], {2, "CREATE TABLE more (a INTEGER)"}};
constexpr SchemaStep kBroken[] = {kFirst[0], kBoth[1], {3, "CREATE TABLE z (a INTEGER); NONSENSE"}};

class SchemaTest : public TimelineFixture {
 protected:
  void SetUp() override {
    ASSERT_OK(PrepareFile(db_path()));
    auto opened = Database::Open(db_path(), Database::Mode::kReadWrite, absl::Seconds(1));
    ASSERT_TRUE(opened.ok());
    database_ = std::make_unique<Database>(*std::move(opened));
  }

  int64_t Number(const std::string& sql) { return database_->QueryInt(sql).value_or(-1); }

  std::unique_ptr<Database> database_;
};

TEST_F(SchemaTest, StepsAreNumberedWithoutHoles) {
  int64_t version = 0;
  for (const SchemaStep& step : SchemaSteps()) EXPECT_EQ(step.version, ++version);
  EXPECT_EQ(LatestVersion(SchemaSteps()), version);
}

TEST_F(SchemaTest, GoesOnFromWhereAFileIs) {
  EXPECT_EQ(*Classify(database_.get(), kFirst), FileKind::kEmpty);
  ASSERT_OK(Migrate(database_.get(), kFirst));
  EXPECT_EQ(*Classify(database_.get(), kFirst), FileKind::kOurs);
  ASSERT_OK(database_->Exec("INSERT INTO meta VALUES ('kept', 1)"));
  EXPECT_EQ(*Classify(database_.get(), kBoth), FileKind::kOurs);
  ASSERT_OK(Migrate(database_.get(), kBoth));
  EXPECT_EQ(Number("PRAGMA user_version"), 2);
  EXPECT_EQ(Number("SELECT value FROM meta WHERE key = 'kept'"), 1);
  EXPECT_EQ(Number("SELECT count(*) FROM more"), 0);
  EXPECT_EQ(*Classify(database_.get(), kFirst), FileKind::kNewer);
  ASSERT_OK(Migrate(database_.get(), kBoth));  // nothing left to do
}

TEST_F(SchemaTest, AStepThatFailsLeavesTheVersionBefore) {
  EXPECT_FALSE(Migrate(database_.get(), kBroken).ok());
  EXPECT_EQ(Number("PRAGMA user_version"), 2);
  EXPECT_EQ(Number("SELECT count(*) FROM sqlite_schema WHERE name = 'z'"), 0);
  EXPECT_EQ(*Classify(database_.get(), kBoth), FileKind::kOurs);
}

TEST_F(SchemaTest, OthersFilesAndDamagedOnes) {
  ASSERT_OK(database_->Exec("CREATE TABLE theirs (a)"));
  EXPECT_EQ(*Classify(database_.get(), kFirst), FileKind::kForeign);
  ASSERT_OK(database_->Exec("DROP TABLE theirs"));
  ASSERT_OK(Migrate(database_.get(), kFirst));
  ASSERT_OK(database_->Exec("PRAGMA user_version = 129"));
  EXPECT_TRUE(absl::IsDataLoss(Classify(database_.get(), kFirst).status()));
  ASSERT_OK(database_->Exec("PRAGMA user_version = 1; DROP TABLE meta"));
  EXPECT_TRUE(absl::IsDataLoss(Classify(database_.get(), kFirst).status()));
}

TEST_F(SchemaTest, AQuickCheckIsGivenUpInTime) {
  ASSERT_OK(Migrate(database_.get(), SchemaSteps()));
  ASSERT_OK(QuickCheck(database_.get(), absl::Seconds(10)));
  ASSERT_OK(QuickCheck(database_.get(), absl::ZeroDuration()));
}

TEST_F(SchemaTest, QueriesUseTheirIndexes) {
  database_.reset();
  Open();
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"SELECT id FROM events INDEXED BY events_container WHERE container = 1 AND id > 5 AND "
       "last_time_ns >= 1 ORDER BY id",
       "USING INDEX events_container"},
      {"SELECT id FROM events INDEXED BY events_entered_from WHERE entered_from = ? AND id > 5 "
       "ORDER BY id DESC",
       "USING"},
      {"SELECT id, kind FROM events WHERE last_time_ns < 5 ORDER BY last_time_ns LIMIT 500",
       "USING INDEX events_last_time"}};
  auto database = Database::Open(db_path(), Database::Mode::kReadOnly, absl::Seconds(1));
  ASSERT_TRUE(database.ok());
  for (const auto& [sql, plan] : cases) {
    auto explain = database->Prepare("EXPLAIN QUERY PLAN " + sql);
    ASSERT_TRUE(explain.ok()) << explain.status();
    std::string text;
    while (*explain->Step()) text += std::string(explain->Text(3)) + "\n";
    EXPECT_THAT(text, ::testing::HasSubstr(plan)) << sql;
    EXPECT_EQ(text.find("TEMP B-TREE"), std::string::npos) << sql << "\n" << text;
  }
}

}  // namespace
}  // namespace nsobs
