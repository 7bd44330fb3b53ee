#include "userspace/pipeline/barrier.h"

#include <utility>

#include "absl/time/clock.h"
#include "absl/types/span.h"

namespace nsobs {
namespace {

// Made in userspace, observed when they are stored: always balanced.
constexpr EventKind kMadeKinds[] = {EventKind::kContainerStart, EventKind::kContainerExit,
                                    EventKind::kLoss, EventKind::kGap, EventKind::kEntry};

LedgerLine ToLine(EventKind kind, LedgerEntry entry) {
  const uint64_t total = entry.Total();
  return {kind, total, entry.recorded, entry.coalesced, std::move(entry.lost)};
}

void Add(const LedgerLine& line, LedgerLine* sum) {
  sum->observed += line.observed;
  sum->recorded += line.recorded;
  sum->coalesced += line.coalesced;
  for (const auto& [cause, count] : line.lost) sum->lost[cause] += count;
}

}  // namespace

Barrier::Barrier(ProbeSet* probes, const Ledger* ledger, std::function<void()> wake)
    : probes_(probes), ledger_(ledger), wake_(std::move(wake)), counters_(probes->counters()) {}

bool Barrier::TryClose(uint8_t epoch, Lines* out) const {
  for (EventKind kind : kKernelKinds) {
    const auto tally = counters_.ReadTally(epoch, kind);
    if (!tally.ok()) return false;
    LedgerLine line = ToLine(kind, ledger_->Get(kind, epoch));
    const LedgerBase::Kind& base = base_.kinds[epoch & 1][static_cast<size_t>(kind)];
    if (line.observed != tally->observed - tally->LostTotal() - base.taken) return false;
    for (size_t cause = 0; cause < tally->lost.size(); ++cause) {
      const uint64_t lost = tally->lost[cause] - base.lost[cause];
      if (lost != 0) line.lost[LostCauseName(cause)] += lost;
      line.observed += lost;
    }
    (*out)[static_cast<size_t>(kind)] = std::move(line);
  }
  for (EventKind kind : kMadeKinds) {
    (*out)[static_cast<size_t>(kind)] = ToLine(kind, ledger_->Get(kind, epoch));
  }
  return true;
}

std::vector<LedgerLine> Barrier::SumLocked() const {
  std::vector<LedgerLine> out;
  const auto add = [&](EventKind kind) {
    LedgerLine sum;
    sum.kind = kind;
    for (const Lines& lines : closed_) Add(lines[static_cast<size_t>(kind)], &sum);
    for (const auto& [cause, count] : base_.untold[static_cast<size_t>(kind)]) {
      sum.observed += count;
      sum.lost[cause] += count;
    }
    out.push_back(std::move(sum));
  };
  for (EventKind kind : kKernelKinds) add(kind);
  for (EventKind kind : kMadeKinds) add(kind);
  return out;
}

std::vector<LedgerLine> Barrier::Look(absl::Duration timeout) {
  MutexLock lock(&mutex_);
  const uint8_t epoch = probes_->FlipEpoch();
  const absl::Time deadline = absl::Now() + timeout;
  Lines lines;
  while (true) {
    wake_();
    if (TryClose(epoch, &lines)) {
      closed_[epoch] = std::move(lines);
      break;
    }
    if (absl::Now() > deadline) {
      ++timeouts_;
      break;
    }
    absl::SleepFor(absl::Milliseconds(1));
  }
  return SumLocked();
}

uint64_t Barrier::timeouts() const {
  MutexLock lock(&mutex_);
  return timeouts_;
}

}  // namespace nsobs
