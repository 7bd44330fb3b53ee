#include "userspace/pipeline/finding_book.h"

#include <gtest/gtest.h>

#include "userspace/diagnosis/case_list.h"

namespace nsobs {
namespace {

constexpr int64_t kMinute = 60'000'000'000;

Finding Of(const std::string& case_id) {
  Finding finding;
  finding.case_id = case_id;
  return finding;
}

TEST(FindingBookTest, CountsForEverAndIsActiveForAWhile) {
  FindingBook book(absl::Minutes(10));
  auto web = std::make_shared<Container>();
  web->id = "7c75";
  EXPECT_TRUE(book.Found(Of("net-dns"), "connect_failure", web, 0));
  EXPECT_FALSE(book.Found(Of("net-dns"), "packet_drop", web, kMinute / 10)) << "the same trouble";
  EXPECT_TRUE(book.Found(Of("net-dns"), "connect_failure", web, kMinute / 10)) << "another one";
  EXPECT_TRUE(book.Found(Of("net-dns"), "packet_drop", web, 5 * kMinute));
  book.Found(Of("oom-host"), "oom_kill", nullptr, 0);

  InvestigationCounts counts = book.Counts(9 * kMinute);
  EXPECT_EQ(counts.findings.at("net-dns"), 3u);
  EXPECT_EQ(counts.findings.at("oom-host"), 1u);
  ASSERT_EQ(counts.active.size(), 2u);
  EXPECT_EQ(counts.active[0].case_id, "net-dns");
  EXPECT_EQ(counts.active[0].container, web);
  EXPECT_EQ(counts.active[1].container, nullptr);

  counts = book.Counts(12 * kMinute);
  ASSERT_EQ(counts.active.size(), 1u);
  EXPECT_EQ(counts.active[0].case_id, "net-dns");
  EXPECT_TRUE(book.Counts(15 * kMinute).active.empty());
  EXPECT_EQ(book.Counts(15 * kMinute).findings.at("net-dns"), 3u);
}

TEST(FindingBookTest, CountsLooks) {
  FindingBook book(absl::Minutes(10));
  book.Taken(absl::Milliseconds(250));
  book.Taken(absl::Milliseconds(500));
  book.Failed();
  book.Suppressed("queue_full");
  book.Suppressed("queue_full", 2);
  const InvestigationCounts counts = book.Counts(0);
  EXPECT_EQ(counts.snapshots_taken, 2u);
  EXPECT_EQ(counts.snapshots_failed, 1u);
  EXPECT_DOUBLE_EQ(counts.snapshot_seconds, 0.75);
  EXPECT_EQ(counts.snapshots_suppressed.at("queue_full"), 3u);
}

TEST(FindingBookTest, OfOneTroubleTheSurestCounts) {
  FindingBook book(absl::Minutes(10));
  auto web = std::make_shared<Container>();
  web->id = "7c75";
  Finding finding = Of("net-dns");
  finding.confidence = Confidence::kUnknown;
  book.Found(finding, "connect_failure", web, 0);
  EXPECT_EQ(book.Counts(0).active[0].confidence, Confidence::kUnknown);
  finding.confidence = Confidence::kLikely;
  book.Found(finding, "packet_drop", web, kMinute / 10);
  EXPECT_EQ(book.Counts(0).active[0].confidence, Confidence::kLikely);
  finding.confidence = Confidence::kUnknown;
  book.Found(finding, "connect_failure", web, 5 * kMinute);
  EXPECT_EQ(book.Counts(0).active[0].confidence, Confidence::kUnknown) << "found anew";
}

// A series that begins with 1 has no increase: what is known is there from the start.
TEST(FindingBookTest, KnownCasesAndCausesBeginWithZero) {
  const InvestigationCounts counts = FindingBook(absl::Minutes(10)).Counts(0);
  for (const CaseRow& row : CaseList()) {
    EXPECT_EQ(counts.findings.count(std::string(row.id)), 1u) << std::string(row.id);
  }
  for (const auto& [case_id, count] : counts.findings) EXPECT_EQ(count, 0u) << case_id;
  EXPECT_EQ(counts.snapshots_suppressed,
            (std::map<std::string, uint64_t>{
                {"queue_full", 0}, {"stopping", 0}, {"target_gone", 0}, {"timeline_full", 0}}));
}

TEST(FindingBookTest, HoldsABoundedNumber) {
  FindingBook book(absl::Minutes(10));
  for (int i = 0; i < 10000; ++i) {
    auto container = std::make_shared<Container>();
    container->id = std::to_string(i);
    book.Found(Of("net-dns"), "connect_failure", container, 0);
  }
  EXPECT_LE(book.Counts(0).active.size(), 4096u);
  EXPECT_EQ(book.Counts(0).findings.at("net-dns"), 10000u);
}

}  // namespace
}  // namespace nsobs
