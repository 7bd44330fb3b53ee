// Of the pipeline: from a record to a row.
#include <utility>

#include "userspace/base/log.h"
#include "userspace/collector/decoder.h"
#include "userspace/pipeline/pipeline.h"
#include "userspace/pipeline/record_sort.h"

namespace nsobs {
namespace {

absl::Span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

void Pipeline::ProcessRecord(const RawRecord& record, WriteBatch* out) {
  absl::StatusOr<Event> event = DecodeEvent(Bytes(record.bytes));
  if (!event.ok()) {
    if (malformed_records_++ == 0) {
      spdlog::error("malformed record: {}", std::string(event.status().message()));
    }
    ledger_.Lost(record.owner, record.kind, record.epoch, "malformed", 1);
    if (!IsContext(record.kind)) room_.rows.GiveBack({record.owner.cgroup});
    return;
  }
  if (IsContext(event->kind)) {
    ProcessContext(*std::move(event));
    return;
  }
  WriteItem item;
  item.kind = event->kind;
  item.recorded[event->epoch] = 1;
  item.owner = record.owner;
  item.placed = true;
  ObservedEvent observed = correlator_->Observe(*std::move(event));
  const bool waits = observed.awaits_name;
  item.item = TimelineRow{record.run_id, std::move(observed)};
  if (!waits || !name_wait_.Hold(item)) PushRow(std::move(item), out);
}

void Pipeline::TakeNamed(bool all, WriteBatch* out) {
  const int64_t now_ns = clock_->BootNs();
  const bool soon = now_ns - last_named_ns_ < absl::ToInt64Nanoseconds(kNamePause);
  if (!WaitsForNames() || (soon && !all)) return;
  last_named_ns_ = now_ns;
  // Where containers begin all the time somebody always waits; a mark, and with it every row, does
  // not wait longer than one of them.
  const int64_t patience_ns = absl::ToInt64Nanoseconds(kNamePatience);
  const bool forced = all || (late_mark_ && now_ns - late_mark_since_ns_ >= patience_ns);
  correlator_->LookAgain();
  for (NameWait::Held& held : name_wait_.Take(now_ns, forced)) {
    const uint64_t run = std::get<TimelineRow>(held.item.item).run_id;
    PushRow(std::move(held.item), out);
    for (const RunExtension& extension : held.extensions) PushExtension(extension, out);
    if (held.run_ended) PushEnd(run, out);
  }
  const absl::Duration patience = made_patience_;
  if (forced) made_patience_ = absl::ZeroDuration();
  TakeFromCorrelator(out);
  made_patience_ = patience;
}

// A mark says that all before it is written: what waits for its name is not.
void Pipeline::PassMark(WriteBatch* out) {
  if (!late_mark_ || WaitsForNames()) return;
  out->mark = *std::exchange(late_mark_, std::nullopt);
  out->from_rings = true;
}

void Pipeline::PushRow(WriteItem item, WriteBatch* out) {
  TimelineRow& row = std::get<TimelineRow>(item.item);
  row.event.serial = ++last_serial_;
  watch_->OnEvent(row.event, row.run_id);
  out->items.push_back(std::move(item));
}

void Pipeline::PushExtension(const RunExtension& e, WriteBatch* out) {
  WriteItem item;
  item.item = TimelineExtension{e.run_id, e.count, clock_->WallOfBootNs(e.last_boot_ns)};
  item.kind = e.kind;
  item.coalesced = e.added;
  item.owner = e.owner;
  item.placed = true;
  out->items.push_back(std::move(item));
  watch_->OnRunExtension(e.run_id, e.added[0] + e.added[1], e.last_boot_ns);
}

void Pipeline::PushEnd(uint64_t run, WriteBatch* out) {
  watch_->OnRunEnd(run);
  out->ended_runs.push_back(run);
}

// Not kept; but the rules are told of a crash, and of an end that they await, by name.
void Pipeline::ProcessContext(Event event) {
  ++context_records_;
  bool is_told = IsCrash(event);
  if (event.kind == EventKind::kProcessExit) {
    is_told |= watch_->AwaitsEnd(event.process.key());
    watch_->OnProcessEnd(event.process.key());
  }
  if (!is_told) {
    correlator_->Learn(event);
    return;
  }
  ObservedEvent observed = correlator_->Observe(event);
  correlator_->Learn(event);
  observed.serial = ++last_serial_;
  watch_->OnEvent(observed, /*run_id=*/0);
}

void Pipeline::PushMade(ObservedEvent event, WriteBatch* out) {
  WriteItem item;
  item.kind = event.event.kind;
  item.recorded[0] = 1;
  item.item = TimelineRow{0, std::move(event)};
  PushRow(std::move(item), out);
}

}  // namespace nsobs
