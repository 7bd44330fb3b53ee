#include "userspace/pipeline/restart.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <map>
#include <utility>

#include "absl/time/clock.h"
#include "userspace/base/log.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

// Until every program has ended that runs now. They run under RCU's read lock, and this waits for a
// grace period (membarrier(2): MEMBARRIER_CMD_GLOBAL is synchronize_rcu()). Where that is not to be
// had (nohz_full, a filter of system calls), longer than a program runs.
void AwaitPrograms() {
  if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0) {
    absl::SleepFor(absl::Milliseconds(50));
  }
}

}  // namespace

LeftMark ReadLeftMark(Timeline* timeline, const std::string& id) {
  const auto facts = timeline->Facts();
  if (!facts.ok()) return {};
  LeftMark left = ReadMark(*facts);
  if (left.id != id) return {};
  return left;
}

void TakeRunsOver(const LeftMark& left, RingReader* ring, Timeline* timeline,
                  TimelineWriter* writer) {
  std::map<int64_t, LeftRun> by_row;
  for (const auto& [slot, book] : left.books.slots) {
    if (book.run == 0) continue;
    const auto row = left.rows.find(slot);
    if (row == left.rows.end() || row->second == 0) {
      ring->Disown(book.run);
      continue;
    }
    LeftRun& run = by_row[row->second];
    run.kind = KernelRuns::KindOf(book.run);
    run.owner = OwnerOfCounter(book.counter);
    run.kernel_runs.push_back(book.run);
  }
  for (auto& [row, run] : by_row) {
    const absl::StatusOr<uint64_t> count = timeline->CountOf(row);
    if (!count.ok()) {
      for (const uint64_t kernel_run : run.kernel_runs) ring->Disown(kernel_run);
      continue;
    }
    run.count = *count;
    const uint64_t run_id = ring->Adopt(run);
    timeline->AdoptRun(run_id, row);
    writer->AdoptRun(run_id);
  }
}

absl::StatusOr<LedgerBase> MeasureBase(const LeftMark& left, const std::vector<OwnerLoss>& losses,
                                       ProbeSet* probes, RingReader* ring) {
  LedgerBase base;
  const CounterReader counters = probes->counters();
  for (int turn = 0; turn < 2; ++turn) {
    const uint8_t epoch = probes->FlipEpoch();
    AwaitPrograms();
    const auto waiting = ring->Waiting(epoch);
    for (const EventKind kind : kKernelKinds) {
      NSOBS_ASSIGN_OR_RETURN(const KernelTally tally, counters.ReadTally(epoch, kind));
      const auto slot = static_cast<size_t>(kind);
      LedgerBase::Kind& of = base.kinds[epoch][slot];
      of.taken =
          tally.observed - tally.LostTotal() - waiting[slot] - probes->runs().Untaken(kind, epoch);
      of.lost = tally.lost;
    }
  }
  if (left.id.empty()) return base;
  const auto slot_of = [](const OwnerLoss& loss) { return static_cast<size_t>(loss.kind); };
  for (const OwnerLoss& loss : losses) base.untold[slot_of(loss)][loss.cause] += loss.value;
  for (const OwnerLoss& loss : left.told) {
    uint64_t& untold = base.untold[slot_of(loss)][loss.cause];
    untold -= std::min(untold, loss.value);
  }
  for (auto& causes : base.untold) {
    std::erase_if(causes, [](const auto& cause) { return cause.second == 0; });
  }
  return base;
}

}  // namespace nsobs
