#include "tests/bpf/support/run_rig.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/bpf/support/wait.h"
#include "userspace/collector/decoder.h"

namespace nsobs {

RunRig::RunRig(absl::Duration window, uint64_t bulk_ring_bytes) {
  settings_.told_signals = ~uint64_t{0};
  settings_.run_window_ns = absl::ToInt64Nanoseconds(window);
  auto set = ProbeSet::Load({.bulk_ring_bytes = bulk_ring_bytes}, settings_);
  if (!set.ok()) {
    fprintf(stderr, "%s\n", set.status().ToString().c_str());
    abort();
  }
  set_ = std::move(*set);
  set_->Attach();
  RingReaderOptions options;
  options.critical_map_fd = set_->critical_ring_fd();
  options.bulk_map_fd = set_->bulk_ring_fd();
  options.runs = &set_->runs();
  options.coalescer.window = window;
  RingReaderHandlers handlers;
  handlers.deliver = [this](RecordBatch& batch) { return Take(batch); };
  handlers.lost = [this](const CounterKey& owner, EventKind kind, uint8_t epoch, uint64_t count) {
    std::lock_guard lock(mutex_);
    lost_by_[{kind, owner.cgroup.id}] += count;
    lost_[{kind, epoch}] += count;
    Add(kind, epoch, count);
  };
  auto reader = RingReader::Create(options, std::move(handlers));
  if (!reader.ok()) abort();
  reader_ = std::move(*reader);
}

RunRig::~RunRig() { reader_->Stop(); }

void RunRig::StartReading() { reader_->Start(); }

void RunRig::SetWindow(absl::Duration window) {
  settings_.run_window_ns = absl::ToInt64Nanoseconds(window);
  set_->Apply(settings_);
  reader_->set_coalesce_window(window);
}

void RunRig::Refuse(bool refuse) {
  std::lock_guard lock(mutex_);
  refuse_ = refuse;
}

void RunRig::Add(EventKind kind, uint8_t epoch, uint64_t count) {
  accounted_[{kind, epoch}] += count;
}

bool RunRig::Take(RecordBatch& batch) {
  std::lock_guard lock(mutex_);
  if (refuse_) return false;
  for (const RawRecord& record : batch.records) {
    auto event = DecodeEvent(absl::MakeConstSpan(
        reinterpret_cast<const uint8_t*>(record.bytes.data()), record.bytes.size()));
    Add(record.kind, record.epoch, 1);
    if (event.ok()) rows_.push_back({*std::move(event), record.run_id, 1, record.boot_ns});
  }
  for (const RunExtension& e : batch.extensions) {
    auto row = std::find_if(rows_.begin(), rows_.end(),
                            [&](const Row& r) { return r.run_id == e.run_id; });
    if (row == rows_.end()) {
      ADD_FAILURE() << "an extension without its row";
      continue;
    }
    row->count += e.added[0] + e.added[1];
    EXPECT_EQ(row->count, e.count);
    row->last_boot_ns = e.last_boot_ns;
    for (uint8_t epoch = 0; epoch < 2; ++epoch) Add(e.kind, epoch, e.added[epoch]);
  }
  return true;
}

std::vector<Row> RunRig::Rows(EventKind kind, const Child& child) {
  std::lock_guard lock(mutex_);
  std::vector<Row> out;
  std::copy_if(rows_.begin(), rows_.end(), std::back_inserter(out), [&](const Row& row) {
    if (row.event.kind != kind) return false;
    // Not what others send it, as the one who started it may at its end.
    const auto* signal = std::get_if<Signal>(&row.event.detail);
    return row.event.process.pid == child.facts().pid &&
           (signal == nullptr || signal->sender.pid == child.facts().pid);
  });
  return out;
}

uint64_t RunRig::Told(EventKind kind, const Child& child) {
  uint64_t sum = 0;
  for (const Row& row : Rows(kind, child)) sum += row.count;
  return sum;
}

uint64_t RunRig::Lost(EventKind kind) {
  std::lock_guard lock(mutex_);
  return lost_[{kind, 0}] + lost_[{kind, 1}];
}

uint64_t RunRig::LostOf(EventKind kind, const Cgroup& cgroup) {
  std::lock_guard lock(mutex_);
  return lost_by_[{kind, cgroup.key().id}];
}

uint64_t RunRig::LostInKernel(EventKind kind, const Cgroup& cgroup) {
  auto losses = set_->counters().ReadLosses();
  uint64_t sum = 0;
  if (!losses.ok()) return 0;
  for (const OwnerLoss& loss : *losses) {
    if (loss.key.cgroup == cgroup.key() && loss.kind == kind) sum += loss.value;
  }
  return sum;
}

uint64_t RunRig::Count(CounterFamily family, const Cgroup& cgroup) {
  auto counters = set_->counters().Read();
  uint64_t sum = 0;
  if (!counters.ok()) return 0;
  for (const Counter& counter : counters->counters) {
    if (counter.key.cgroup == cgroup.key() && counter.family == family) sum += counter.value;
  }
  return sum;
}

uint64_t RunRig::Accounted(EventKind kind, uint8_t epoch) {
  std::lock_guard lock(mutex_);
  return accounted_[{kind, epoch}];
}

bool RunRig::Balances(EventKind kind) {
  const uint8_t epoch = set_->FlipEpoch();
  const auto balanced = [&] {
    auto tally = set_->counters().ReadTally(epoch, kind);
    return tally.ok() && tally->observed == Accounted(kind, epoch) + tally->LostTotal();
  };
  const bool came = WaitUntil([&] {
    reader_->Wake();
    return balanced();
  });
  usleep(10'000);
  return came && balanced();
}

}  // namespace nsobs
