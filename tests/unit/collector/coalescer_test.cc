#include "userspace/collector/coalescer.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/unit/collector/records.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kWindowNs = 1'000'000'000;
constexpr int64_t kStart = static_cast<int64_t>(kSampleBootNs);

struct Merged {
  bool merged = false;
  uint64_t run_id = 0;
  friend bool operator==(const Merged&, const Merged&) = default;
};

template <typename Record>
Merged Feed(Coalescer* coalescer, Record record, int64_t boot_ns = kStart) {
  record.h.boot_ns = static_cast<uint64_t>(boot_ns);
  Merged out;
  out.merged = coalescer->Merge(Bytes(record), &out.run_id);
  return out;
}

RecordBatch Flushed(Coalescer* coalescer, int64_t now_ns) {
  RecordBatch out;
  coalescer->Flush(now_ns, &out);
  EXPECT_THAT(out.records, IsEmpty());
  return out;
}

nsobs_namespace_change FailedChange() {
  nsobs_namespace_change r = SampleNamespaceChange();
  r.error = EPERM;
  return r;
}

// ---- what is equal ------------------------------------------------------------------------------

template <typename Record>
struct Change {
  const char* field;
  std::function<void(Record*)> change;
};

template <typename Record>
void ExpectMerges(const Record& sample, const Change<Record>& c, bool expected) {
  Coalescer coalescer({});
  EXPECT_NE(Feed(&coalescer, sample).run_id, 0u);
  Record other = sample;
  c.change(&other);
  const Merged result = Feed(&coalescer, other);
  EXPECT_EQ(result.merged, expected) << c.field;
  EXPECT_EQ(result.run_id == 0, expected) << c.field;
}

template <typename Record>
void ExpectAnother(const Record& sample, const std::vector<Change<Record>>& changes) {
  for (const auto& c : changes) ExpectMerges(sample, c, false);
}

template <typename Record>
void ExpectSame(const Record& sample, const std::vector<Change<Record>>& changes) {
  for (const auto& c : changes) ExpectMerges(sample, c, true);
}

#define CHANGE(type, statement)            \
  Change<type> {                           \
    #statement, [](type* r) { statement; } \
  }

TEST(CoalescerTest, SignalsOfOneSenderToOneTargetWithOneResult) {
  ExpectAnother<nsobs_signal>(
      SampleSignal(),
      {CHANGE(nsobs_signal, r->target.pid++), CHANGE(nsobs_signal, r->target.start_boot_ns++),
       CHANGE(nsobs_signal, r->sender.pid++), CHANGE(nsobs_signal, r->sender.start_boot_ns++),
       CHANGE(nsobs_signal, r->sender.comm[0]++), CHANGE(nsobs_signal, r->sender.comm[15]++),
       CHANGE(nsobs_signal, r->signal++), CHANGE(nsobs_signal, r->code++),
       CHANGE(nsobs_signal, r->result++), CHANGE(nsobs_signal, r->handler--),
       CHANGE(nsobs_signal, r->group ^= 1), CHANGE(nsobs_signal, r->by_kernel ^= 1)});
  ExpectSame<nsobs_signal>(
      SampleSignal(),
      {CHANGE(nsobs_signal, (void)r), CHANGE(nsobs_signal, r->h.cpu++),
       CHANGE(nsobs_signal, r->h.epoch ^= 1), CHANGE(nsobs_signal, r->sender.tid++)});
}

TEST(CoalescerTest, ConnectFailuresOfOneProgramInOneContainerToOnePeer) {
  using R = nsobs_connect_failure;
  R sample = SampleConnectFailure();
  sample.path_len = 3;
  memcpy(sample.path, "\0ab", 3);
  ExpectAnother<R>(
      sample,
      {CHANGE(R, r->process.cgroup.id++), CHANGE(R, r->process.cgroup.hierarchy++),
       CHANGE(R, r->process.ns.id[NSOBS_NS_NET]++), CHANGE(R, r->process.ns.id[NSOBS_NS_MNT]++),
       CHANGE(R, r->process.comm[0]++), CHANGE(R, r->process.comm[15]++),
       CHANGE(R, r->process.uid++), CHANGE(R, r->remote[0]++), CHANGE(R, r->remote[15]++),
       CHANGE(R, r->remote_port++), CHANGE(R, r->family++), CHANGE(R, r->protocol++),
       CHANGE(R, r->phase--), CHANGE(R, r->error++), CHANGE(R, r->path[2]++),
       CHANGE(R, r->path_len--), CHANGE(R, r->path_len++), CHANGE(R, r->path_len = 0)});
  ExpectSame<R>(sample, {CHANGE(R, (void)r), CHANGE(R, r->h.cpu++), CHANGE(R, r->process.pid++),
                         CHANGE(R, r->process.start_boot_ns++), CHANGE(R, r->local_port++),
                         CHANGE(R, r->local[3]++), CHANGE(R, r->duration_ns++),
                         CHANGE(R, r->process.ns.id[NSOBS_NS_UTS]++), CHANGE(R, r->path[3]++)});
}

TEST(CoalescerTest, DropsOfTheSameWay) {
  using R = nsobs_packet_drop;
  ExpectAnother<R>(
      SamplePacketDrop(),
      {CHANGE(R, r->process.cgroup.id++), CHANGE(R, r->net_id++), CHANGE(R, r->process.comm[0]++),
       CHANGE(R, r->source[3]++), CHANGE(R, r->destination[15]++), CHANGE(R, r->destination_port++),
       CHANGE(R, r->protocol++), CHANGE(R, r->hook++), CHANGE(R, r->family++),
       CHANGE(R, r->interface[3]++)});
  ExpectSame<R>(SamplePacketDrop(), {CHANGE(R, (void)r), CHANGE(R, r->source_port++),
                                     CHANGE(R, r->process.pid++), CHANGE(R, r->net_inode++)});
}

TEST(CoalescerTest, BindFailuresOfTheSameAddress) {
  using R = nsobs_bind_failure;
  ExpectAnother<R>(SampleBindFailure(),
                   {CHANGE(R, r->process.cgroup.id++), CHANGE(R, r->process.comm[0]++),
                    CHANGE(R, r->process.uid++), CHANGE(R, r->address[0]++), CHANGE(R, r->port++),
                    CHANGE(R, r->error++), CHANGE(R, r->operation++), CHANGE(R, r->protocol++),
                    CHANGE(R, r->path_len = 5), CHANGE(R, r->process.ns.id[NSOBS_NS_NET]++)});
  ExpectSame<R>(SampleBindFailure(), {CHANGE(R, (void)r), CHANGE(R, r->process.pid++)});
}

TEST(CoalescerTest, FileFailuresOfTheSamePath) {
  using R = nsobs_file_failure;
  ExpectAnother<R>(SampleFileFailure(),
                   {CHANGE(R, r->process.cgroup.id++), CHANGE(R, r->process.comm[0]++),
                    CHANGE(R, r->process.uid++), CHANGE(R, r->path[9]++), CHANGE(R, r->path_len--),
                    CHANGE(R, r->error++), CHANGE(R, r->operation++), CHANGE(R, r->flags++),
                    CHANGE(R, r->process.ns.id[NSOBS_NS_MNT]++)});
  ExpectSame<R>(SampleFileFailure(), {CHANGE(R, (void)r), CHANGE(R, r->process.pid++)});
}

TEST(CoalescerTest, DnsFailuresOfTheSameServer) {
  using R = nsobs_dns_failure;
  ExpectAnother<R>(SampleDnsFailure(),
                   {CHANGE(R, r->process.cgroup.id++), CHANGE(R, r->process.comm[0]++),
                    CHANGE(R, r->process.uid++), CHANGE(R, r->net_id++), CHANGE(R, r->server[3]++),
                    CHANGE(R, r->port++), CHANGE(R, r->protocol--), CHANGE(R, r->outcome++),
                    CHANGE(R, r->given_up++), CHANGE(R, r->family++), CHANGE(R, r->question[1]++),
                    CHANGE(R, r->question_len--), CHANGE(R, r->process.ns.id[NSOBS_NS_MNT]++)});
  ExpectSame<R>(SampleDnsFailure(), {CHANGE(R, (void)r), CHANGE(R, r->process.pid++),
                                     CHANGE(R, r->duration_ns++), CHANGE(R, r->net_inode++)});
  R silent = SampleDnsFailure();  // whatever it is asked
  silent.outcome = NSOBS_DNS_NO_ANSWER;
  ExpectSame<R>(silent, {CHANGE(R, (void)r), CHANGE(R, r->question[1]++)});
}

TEST(CoalescerTest, InodesAreTheIdentityWhereTheKernelHasNoIds) {
  using R = nsobs_connect_failure;
  R sample = SampleConnectFailure();
  memset(sample.process.ns.id, 0, sizeof sample.process.ns.id);
  ExpectAnother<R>(sample, {CHANGE(R, r->process.ns.inode[NSOBS_NS_NET]++),
                            CHANGE(R, r->process.ns.inode[NSOBS_NS_MNT]++)});
  ExpectSame<R>(SampleConnectFailure(), {CHANGE(R, r->process.ns.inode[NSOBS_NS_NET]++)});
}

TEST(CoalescerTest, FailedNamespaceChangesOfOneProcess) {
  using R = nsobs_namespace_change;
  ExpectAnother<R>(FailedChange(),
                   {CHANGE(R, r->process.pid++), CHANGE(R, r->process.start_boot_ns++),
                    CHANGE(R, r->operation--), CHANGE(R, r->flags++), CHANGE(R, r->error++),
                    CHANGE(R, r->changed++)});
  ExpectSame<R>(FailedChange(),
                {CHANGE(R, (void)r), CHANGE(R, r->h.cpu++), CHANGE(R, r->process.comm[0]++)});
}

TEST(CoalescerTest, KindsThatStandEachForItself) {
  Coalescer coalescer({});
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Feed(&coalescer, SampleOomKill()), Merged{});
    EXPECT_EQ(Feed(&coalescer, SampleCgroupChange("/a")), Merged{});
    EXPECT_EQ(Feed(&coalescer, SampleExec("a")), Merged{});
    EXPECT_EQ(Feed(&coalescer, SampleExit()), Merged{});
  }
  EXPECT_TRUE(Flushed(&coalescer, kStart).empty());
}

// ---- runs ---------------------------------------------------------------------------------------

TEST(CoalescerTest, CountsAreByEpochAndGrowTheTotal) {
  Coalescer coalescer({});
  nsobs_signal r = SampleSignal();
  const Merged first = Feed(&coalescer, r, kStart);
  EXPECT_FALSE(first.merged);
  EXPECT_THAT(Flushed(&coalescer, kStart).extensions, IsEmpty());  // the row says it all
  r.h.epoch = 0;
  EXPECT_TRUE(Feed(&coalescer, r, kStart + 10).merged);
  r.h.epoch = 1;
  EXPECT_TRUE(Feed(&coalescer, r, kStart + 30).merged);
  EXPECT_TRUE(Feed(&coalescer, r, kStart + 20).merged);  // late: the last time stays
  RecordBatch batch = Flushed(&coalescer, kStart + 40);
  ASSERT_THAT(batch.extensions, SizeIs(1));
  EXPECT_EQ(batch.extensions[0].run_id, first.run_id);
  EXPECT_EQ(batch.extensions[0].kind, EventKind::kSignal);
  EXPECT_EQ(batch.extensions[0].count, 4u);
  EXPECT_EQ(batch.extensions[0].last_boot_ns, kStart + 30);
  EXPECT_NE(batch.extensions[0].owner, CounterKey{});
  EXPECT_THAT(batch.extensions[0].added, ElementsAre(1, 2));
  EXPECT_THAT(batch.ended_runs, IsEmpty());

  EXPECT_TRUE(Flushed(&coalescer, kStart + 50).empty());  // nothing new: nothing said
  EXPECT_TRUE(Feed(&coalescer, r, kStart + 60).merged);
  batch = Flushed(&coalescer, kStart + 70);
  ASSERT_THAT(batch.extensions, SizeIs(1));
  EXPECT_EQ(batch.extensions[0].count, 5u);
  EXPECT_THAT(batch.extensions[0].added, ElementsAre(0, 1));
}

TEST(CoalescerTest, ARunEndsWhenItPausesForAWindow) {
  Coalescer coalescer({});
  const uint64_t first = Feed(&coalescer, SampleSignal(), kStart).run_id;
  EXPECT_TRUE(Feed(&coalescer, SampleSignal(), kStart + kWindowNs).merged);
  RecordBatch batch = Flushed(&coalescer, kStart + 2 * kWindowNs);
  EXPECT_THAT(batch.extensions, SizeIs(1));
  EXPECT_THAT(batch.ended_runs, IsEmpty());  // exactly a window: not yet
  const uint64_t second = Feed(&coalescer, SampleSignal(), kStart + 2 * kWindowNs + 1).run_id;
  EXPECT_NE(second, 0u);
  EXPECT_NE(second, first);
  batch = Flushed(&coalescer, kStart + 2 * kWindowNs + 2);
  EXPECT_THAT(batch.extensions, IsEmpty());
  EXPECT_THAT(batch.ended_runs, ElementsAre(first));
  EXPECT_THAT(Flushed(&coalescer, kStart + 3 * kWindowNs + 2).ended_runs, ElementsAre(second));
  EXPECT_TRUE(Flushed(&coalescer, kStart + 9 * kWindowNs).empty());
}

TEST(CoalescerTest, TheLastCountsGoOutWithTheEnd) {
  Coalescer coalescer({});
  const uint64_t run_id = Feed(&coalescer, SampleSignal(), kStart).run_id;
  EXPECT_TRUE(Feed(&coalescer, SampleSignal(), kStart + 1).merged);
  const RecordBatch batch = Flushed(&coalescer, kStart + 2 * kWindowNs);
  ASSERT_THAT(batch.extensions, SizeIs(1));
  EXPECT_EQ(batch.extensions[0].count, 2u);
  EXPECT_THAT(batch.ended_runs, ElementsAre(run_id));
}

// A record that comes after the end but before Flush() told the counts must not cost them.
TEST(CoalescerTest, CountsThatWereNotToldYetSurviveTheNextRun) {
  Coalescer coalescer({});
  const uint64_t run_id = Feed(&coalescer, SampleSignal(), kStart).run_id;
  EXPECT_TRUE(Feed(&coalescer, SampleSignal(), kStart + 1).merged);
  EXPECT_EQ(Feed(&coalescer, SampleSignal(), kStart + 5 * kWindowNs).run_id, run_id + 1);
  const RecordBatch batch = Flushed(&coalescer, kStart + 5 * kWindowNs);
  ASSERT_THAT(batch.extensions, SizeIs(1));
  EXPECT_THAT(batch.extensions[0].added, ElementsAre(0, 1));
  EXPECT_THAT(batch.ended_runs, ElementsAre(run_id));
}

TEST(CoalescerTest, ARunThatNeverPausesGetsANewRowAfterTenWindows) {
  Coalescer coalescer({});
  int rows = 0;
  for (int64_t at = 0; at <= 30 * kWindowNs; at += kWindowNs / 2) {
    if (!Feed(&coalescer, SampleSignal(), kStart + at).merged) ++rows;
    Flushed(&coalescer, kStart + at);
  }
  EXPECT_EQ(rows, 3);  // at 0, 10.5 and 21 windows
}

TEST(CoalescerTest, WithoutWindowNothingMerges) {
  Coalescer coalescer({absl::ZeroDuration()});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Feed(&coalescer, SampleSignal()), Merged{});
  coalescer.set_window(absl::Seconds(1));
  EXPECT_NE(Feed(&coalescer, SampleSignal()).run_id, 0u);
  EXPECT_TRUE(Feed(&coalescer, SampleSignal()).merged);
  coalescer.set_window(-absl::InfiniteDuration());
  EXPECT_EQ(Feed(&coalescer, SampleSignal()), Merged{});
}

TEST(CoalescerTest, AnEndlessWindowIsAnHour) {
  Coalescer coalescer({absl::InfiniteDuration()});
  constexpr int64_t kHourNs = 3'600'000'000'000;
  EXPECT_NE(Feed(&coalescer, SampleSignal(), kStart).run_id, 0u);
  EXPECT_TRUE(Feed(&coalescer, SampleSignal(), kStart + kHourNs).merged);
  EXPECT_FALSE(Feed(&coalescer, SampleSignal(), kStart + 2 * kHourNs + 1).merged);
}

TEST(CoalescerTest, TheTableOfRunsIsBounded) {
  Coalescer coalescer({absl::Seconds(1), /*max_runs=*/2});
  nsobs_signal r = SampleSignal();
  for (int32_t signal = 1; signal <= 2; ++signal) {
    r.signal = signal;
    EXPECT_NE(Feed(&coalescer, r).run_id, 0u);
  }
  r.signal = 3;
  EXPECT_EQ(Feed(&coalescer, r), Merged{});  // a row by itself, each time
  EXPECT_EQ(Feed(&coalescer, r), Merged{});
  r.signal = 1;
  EXPECT_TRUE(Feed(&coalescer, r).merged);
  EXPECT_THAT(Flushed(&coalescer, kStart + 2 * kWindowNs).ended_runs, SizeIs(2));
  r.signal = 3;
  EXPECT_NE(Feed(&coalescer, r, kStart + 2 * kWindowNs).run_id, 0u);
}

// ---- namespace changes that succeed -------------------------------------------------------------

TEST(CoalescerTest, SuccessfulNamespaceChangesAreToldOneByOneAtFirst) {
  Coalescer coalescer({});
  int alone = 0;
  Merged result;
  while (!(result = Feed(&coalescer, SampleNamespaceChange())).merged && result.run_id == 0) {
    ASSERT_LT(++alone, 1000);
  }
  EXPECT_EQ(alone, 33);  // the first, and 32 more
  EXPECT_NE(result.run_id, 0u);
  EXPECT_TRUE(Feed(&coalescer, SampleNamespaceChange()).merged);
  const RecordBatch batch = Flushed(&coalescer, kStart);
  ASSERT_THAT(batch.extensions, SizeIs(1));
  EXPECT_EQ(batch.extensions[0].run_id, result.run_id);
  EXPECT_EQ(batch.extensions[0].kind, EventKind::kNamespaceChange);
  EXPECT_EQ(batch.extensions[0].count, 2u);  // the row and the one after it, not those alone
}

TEST(CoalescerTest, SinglesThatStopLeaveNoRunBehind) {
  Coalescer coalescer({});
  EXPECT_EQ(Feed(&coalescer, SampleNamespaceChange()), Merged{});
  EXPECT_EQ(Feed(&coalescer, SampleNamespaceChange()), Merged{});
  EXPECT_TRUE(Flushed(&coalescer, kStart + 5 * kWindowNs).empty());
}

// ---- rows that were not stored ------------------------------------------------------------------

TEST(CoalescerTest, DropGivesWhatWasCountedAndForgetsTheRun) {
  Coalescer coalescer({});
  const uint64_t run_id = Feed(&coalescer, SampleSignal()).run_id;
  nsobs_signal r = SampleSignal();
  r.h.epoch = 0;
  EXPECT_TRUE(Feed(&coalescer, r).merged);
  EXPECT_TRUE(Feed(&coalescer, SampleSignal()).merged);
  EXPECT_TRUE(Feed(&coalescer, SampleSignal()).merged);
  EXPECT_THAT(coalescer.Drop(run_id), ElementsAre(1, 2));
  EXPECT_THAT(coalescer.Drop(run_id), ElementsAre(0, 0));
  EXPECT_TRUE(Flushed(&coalescer, kStart).empty());
  const uint64_t next = Feed(&coalescer, SampleSignal()).run_id;  // begins a row again
  EXPECT_NE(next, 0u);
  EXPECT_NE(next, run_id);
}

TEST(CoalescerTest, DropAfterFlushGivesOnlyWhatIsNew) {
  Coalescer coalescer({});
  const uint64_t run_id = Feed(&coalescer, SampleSignal()).run_id;
  EXPECT_TRUE(Feed(&coalescer, SampleSignal()).merged);
  EXPECT_THAT(Flushed(&coalescer, kStart).extensions, SizeIs(1));
  EXPECT_TRUE(Feed(&coalescer, SampleSignal()).merged);
  EXPECT_THAT(coalescer.Drop(run_id), ElementsAre(0, 1));
}

TEST(CoalescerTest, DropLeavesOthersAlone) {
  Coalescer coalescer({});
  Feed(&coalescer, SampleSignal());
  Feed(&coalescer, SampleConnectFailure());
  EXPECT_THAT(coalescer.Drop(999), ElementsAre(0, 0));
  EXPECT_TRUE(Feed(&coalescer, SampleSignal()).merged);
  EXPECT_TRUE(Feed(&coalescer, SampleConnectFailure()).merged);
}

// ---- bytes that are no record -------------------------------------------------------------------

TEST(CoalescerTest, WrongSizesAndAlignmentBeginNoRun) {
  for (const std::string& bytes : SampleOfEachKind()) {
    for (size_t size = 0; size < bytes.size(); ++size) {
      Coalescer coalescer({});
      uint64_t run_id = 1;
      ASSERT_FALSE(coalescer.Merge(Bytes(bytes).subspan(0, size), &run_id));
      ASSERT_EQ(run_id, 0u) << size;
    }
    alignas(8) uint8_t shifted[1024];
    for (size_t shift = 1; shift < 8; ++shift) {
      Coalescer coalescer({});
      memcpy(shifted + shift, bytes.data(), bytes.size());
      uint64_t run_id = 1;
      EXPECT_FALSE(coalescer.Merge({shifted + shift, bytes.size()}, &run_id));
      EXPECT_EQ(run_id, 0u);
    }
  }
}

TEST(CoalescerTest, TimesAtTheEdgesOfTheClock) {
  constexpr int64_t kTimes[] = {INT64_MIN, -1, 0, 1, INT64_MAX};
  for (int64_t first : kTimes) {
    for (int64_t second : kTimes) {
      Coalescer coalescer({});
      EXPECT_NE(Feed(&coalescer, SampleSignal(), first).run_id, 0u);
      const bool merged = Feed(&coalescer, SampleSignal(), second).merged;
      EXPECT_TRUE(merged || first != second);
      Flushed(&coalescer, first);
      Flushed(&coalescer, second);
    }
  }
}

}  // namespace
}  // namespace nsobs
