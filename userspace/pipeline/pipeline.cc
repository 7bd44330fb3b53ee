#include "userspace/pipeline/pipeline.h"

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <utility>

#include "userspace/base/log.h"
#include "userspace/base/status_util.h"
#include "userspace/budget/cpu_meter.h"
#include "userspace/collector/bpf_stats.h"
#include "userspace/pipeline/record_sort.h"

namespace nsobs {
namespace {

constexpr int64_t kLossPeriodNs = 1'000'000'000;
constexpr int64_t kTickPeriodNs = 100'000'000;
// More records than this since memory was last given back are a burst; a batch of more than "few"
// is no quiet.
constexpr uint64_t kBurstRecords = 5000;
constexpr size_t kFewRecords = 50;
constexpr int64_t kQuietNs = 2'000'000'000;
// Room in the writer's queue beyond what has a place in the QueueRoom: for what userspace makes
// itself. Rows of losses are made only while that is half empty, then they can't be lost.
constexpr size_t kMadeItems = 65536;
constexpr absl::Duration kPeriodicPause = absl::Milliseconds(200);  // at most, without batches

}  // namespace

Pipeline::Pipeline(const PipelineOptions& options, ProbeSet* probes, Correlator* correlator,
                   Timeline* timeline, Snapshotter* snapshotter, const Clock* clock)
    : options_(options),
      correlator_(correlator),
      timeline_(timeline),
      clock_(clock),
      counters_(probes->counters()),
      room_(options.queue_records),
      losses_(clock),
      name_wait_([correlator](Event event) { return correlator->ObserveAgain(std::move(event)); }),
      writer_(std::make_unique<TimelineWriter>(timeline, &ledger_, &room_, clock,
                                               room_.capacity() + kMadeItems)),
      watch_(std::make_unique<Watch>(options.watch, snapshotter, correlator, clock,
                                     [this](SnapshotRow row) { return Store(std::move(row)); })),
      file_watch_(options.files_of, [probes](const auto& c) { return probes->WatchCgroups(c); }),
      heartbeat_(std::make_unique<Heartbeat>(probes, clock, options.heartbeat_period)),
      queue_(/*capacity=*/1 << 20) {}

absl::StatusOr<std::unique_ptr<Pipeline>> Pipeline::Create(const PipelineOptions& options,
                                                           ProbeSet* probes, Correlator* correlator,
                                                           Timeline* timeline,
                                                           Snapshotter* snapshotter,
                                                           const Clock* clock) {
  std::unique_ptr<Pipeline> p(
      new Pipeline(options, probes, correlator, timeline, snapshotter, clock));
  LeftMark left;
  if (options.adopted) left = ReadLeftMark(timeline, options.loading_id);
  // Of another loading: nobody's any more.
  if (left.id.empty()) timeline->ForgetFacts().IgnoreError();
  if (options.adopted) probes->runs().Restore(left.books);
  RingReaderOptions ring = RingOptions(options, probes);
  ring.critical_from = left.critical;
  ring.bulk_from = left.bulk;
  RingReaderHandlers handlers;
  handlers.admit = [self = p.get()](const RawRecord& record) { return self->Admit(record); };
  handlers.deliver = [self = p.get()](RecordBatch& batch) { return self->Take(batch); };
  handlers.lost = [self = p.get()](const CounterKey& owner, EventKind kind, uint8_t epoch,
                                   uint64_t count) {
    self->ledger_.Lost(owner, kind, epoch, "queue_full", count);
  };
  handlers.tick = [probes] { return probes->SweepDns(); };
  NSOBS_ASSIGN_OR_RETURN(p->ring_, RingReader::Create(ring, std::move(handlers)));
  if (ring.hold_back) {
    p->writer_->ExpectMarks(options.loading_id, [reader = p->ring_.get()](const RingMark& mark) {
      reader->Durable(mark);
    });
  }
  BudgetHandlers budget;
  budget.cpu_time = [] { return CpuTimeOfAll(); };
  budget.bulk_records = [ring = p->ring_.get()] { return ring->bulk_records(); };
  budget.measure_programs = MeasurePrograms;
  budget.program_time_ns = [probes] { return probes->RunTimeNs(); };
  budget.set_bulk_most = [probes](uint64_t most) { probes->set_bulk_most(most); };
  p->budget_ = std::make_unique<SelfBudget>(options.budget, std::move(budget), clock);
  p->barrier_ =
      std::make_unique<Barrier>(probes, &p->ledger_, [ring = p->ring_.get()] { ring->Wake(); });
  if (options.adopted) NSOBS_RETURN_IF_ERROR(p->GoOn(left, probes));
  return p;
}

RingReaderOptions Pipeline::RingOptions(const PipelineOptions& options, ProbeSet* probes) {
  RingReaderOptions ring;
  ring.critical_map_fd = probes->critical_ring_fd();
  ring.bulk_map_fd = probes->bulk_ring_fd();
  ring.runs = &probes->runs();
  ring.coalescer.window = options.coalesce_window;
  ring.hold_back = !options.loading_id.empty();
  ring.adopted = options.adopted;
  return ring;
}

absl::Status Pipeline::GoOn(const LeftMark& left, ProbeSet* probes) {
  has_hole_ = ring_->HasHole();
  TakeRunsOver(left, ring_.get(), timeline_, writer_.get());
  NSOBS_ASSIGN_OR_RETURN(const std::vector<OwnerLoss> losses, counters_.ReadLosses());
  NSOBS_ASSIGN_OR_RETURN(const LedgerBase base, MeasureBase(left, losses, probes, ring_.get()));
  barrier_->set_base(base);
  losses_.Restore(left.id.empty() ? losses : left.told);
  return absl::OkStatus();
}

Pipeline::~Pipeline() { Stop(); }

// What is alive now, before the writer's thread takes the timeline over. What the previous run saw
// alive and this one doesn't has ended meanwhile.
void Pipeline::StoreInventory() {
  WriteBatch found;
  TakeFromCorrelator(&found);
  absl::Status status = timeline_->UpsertContainers(found.containers);
  status.Update(timeline_->UpsertNamespaces(found.namespaces));
  status.Update(timeline_->EndUnseen());
  if (!status.ok()) spdlog::warn("timeline: inventory: {}", std::string(status.message()));
}

void Pipeline::Start(const std::optional<Gap>& gap) {
  StoreInventory();
  if (!file_watch_.empty()) file_watch_.Update(*correlator_->inventory());
  writer_->Start();
  if (gap) {
    WriteBatch batch;
    ObservedEvent event;
    event.event.kind = EventKind::kGap;
    event.event.boot_ns = clock_->BootNs();
    event.event.detail = *gap;
    event.wall_ns = event.last_wall_ns = gap->to_wall_ns;
    PushMade(std::move(event), &batch);
    Hand(std::move(batch));
  }
  last_reconcile_ns_ = clock_->BootNs();
  watch_->Start();
  thread_ = std::thread([this] { Loop(); });
  ring_->Start();
  heartbeat_->Start();
}

void Pipeline::Stop() {
  heartbeat_->Stop();
  ring_->Stop();
  queue_.Close();
  if (thread_.joinable()) thread_.join();
  watch_->Stop();
  writer_->Stop();
}

bool Pipeline::Admit(const RawRecord& record) {
  SharedPlaces& places = IsContext(record.kind) ? room_.context : room_.rows;
  return places.Take(record.owner.cgroup);
}

// Extensions that have no place yet stay with the ring's thread: their counts are not lost.
bool Pipeline::Take(RecordBatch& batch) {
  if (!batch.extensions.empty() && !room_.extensions.Take(batch.extensions.size())) {
    RecordBatch records;
    records.records = std::move(batch.records);
    batch.records.clear();
    if (!records.empty()) Queue(std::move(records));
    return false;
  }
  Queue(std::move(batch));
  return true;
}

// Fits, since what is in it has its places; and it is closed only once the ring's thread has ended.
void Pipeline::Queue(RecordBatch batch) {
  if (!queue_.Push(std::move(batch))) spdlog::error("pipeline: a batch of records was refused");
}

void Pipeline::Loop() {
  prctl(PR_SET_NAME, "nsobs-pipeline");
  // What a container that is gone in a moment leaves is held here (namespace_pins.h): a busy host
  // must not make that late. Where it is not allowed, it goes without.
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), -5);
  while (true) {
    const bool closed = queue_.closed();
    std::vector<RecordBatch> batches = queue_.PopAll(WaitsForNames() ? kNamePause : kPeriodicPause);
    for (const RecordBatch& batch : batches) {
      WriteBatch out;
      Process(batch, &out);
      records_since_trim_ += batch.records.size();
      if (batch.records.size() > kFewRecords) last_record_ns_ = clock_->BootNs();
      Hand(std::move(out));
    }
    const bool last = closed && batches.empty();
    if (last) {
      last_losses_ns_ = 0;  // what was lost is told before the end
      made_patience_ = absl::ZeroDuration();
    }
    WriteBatch out;
    TakeNamed(last, &out);
    Periodic(&out);
    if (last) {
      budget_->Stop();
      TakeFromCorrelator(&out);
      TellGaps(&out);
    }
    PassMark(&out);
    Hand(std::move(out));
    ++turns_;
    if (last) return;
  }
}

void Pipeline::Process(const RecordBatch& batch, WriteBatch* out) {
  out->from_rings = true;
  if (batch.mark) {
    if (!late_mark_) late_mark_since_ns_ = clock_->BootNs();
    MergeMark(*batch.mark, &late_mark_);
  }
  std::vector<CgroupKey> context;
  for (const RawRecord& record : batch.records) {
    ProcessRecord(record, out);
    if (IsContext(record.kind)) context.push_back(record.owner.cgroup);
  }
  room_.context.GiveBack(context);
  for (const RunExtension& extension : batch.extensions) {
    if (!name_wait_.Hold(extension)) PushExtension(extension, out);
  }
  for (const uint64_t run : batch.ended_runs) {
    if (!name_wait_.HoldEnd(run)) PushEnd(run, out);
  }
  TakeFromCorrelator(out);
  PassMark(out);
}

void Pipeline::TakeFromCorrelator(WriteBatch* out) {
  for (ObservedEvent& event : correlator_->TakeMade(made_patience_))
    PushMade(std::move(event), out);
  bool watched_changed = false;
  for (ContainerRef& c : correlator_->TakeContainerChanges()) {
    watched_changed = watched_changed || file_watch_.Concerns(*c);
    if (options_.enricher != nullptr) options_.enricher->Tell(c);
    out->containers.push_back(std::move(c));
  }
  if (watched_changed) file_watch_.Update(*correlator_->inventory());
  for (const NamespaceRecord& r : correlator_->TakeNamespaceChanges()) {
    Timeline::NamespaceRow row;
    row.kind = r.kind;
    row.identity = r.identity;
    if (!r.owners.empty()) {
      row.owner_name = r.owners.front()->name;
      row.owner_id = r.owners.front()->id;
      row.owner_runtime = r.owners.front()->runtime;
    }
    row.born_wall_ns = r.born_boot_ns == 0 ? 0 : clock_->WallOfBootNs(r.born_boot_ns);
    row.died_wall_ns = r.died_boot_ns == 0 ? 0 : clock_->WallOfBootNs(r.died_boot_ns);
    out->namespaces.push_back(std::move(row));
  }
}

// Whatever engines do, what they said is taken in passing.
void Pipeline::TakeFromEngines(WriteBatch* out) {
  if (options_.enricher == nullptr) return;
  std::vector<Enrichment> answers = options_.enricher->Take();
  if (answers.empty()) return;
  for (Enrichment& answer : answers) correlator_->Enrich(std::move(answer));
  TakeFromCorrelator(out);
}

// What a burst took stands in queues and open runs, and in the allocator afterwards: it is given
// back once it is quiet, so that no container makes us large for longer than it floods.
void Pipeline::TrimAfterBurst(int64_t now_ns) {
  if (records_since_trim_ < kBurstRecords) return;
  if (now_ns - last_record_ns_ < kQuietNs || writer_->queued_items() > 0) return;
  malloc_trim(0);
  records_since_trim_ = 0;
}

void Pipeline::TellGaps(WriteBatch* out) {
  std::vector<ObservedEvent> gaps = budget_->TakeRows();
  for (ObservedEvent& gap : gaps) PushMade(std::move(gap), out);
  if (options_.helpers == nullptr) return;
  gaps = options_.helpers->TakeRows();
  for (ObservedEvent& gap : gaps) PushMade(std::move(gap), out);
}

void Pipeline::Periodic(WriteBatch* out) {
  const int64_t now_ns = clock_->BootNs();
  TakeFromEngines(out);
  if (now_ns - last_reconcile_ns_ >= absl::ToInt64Nanoseconds(options_.reconcile_period)) {
    last_reconcile_ns_ = now_ns;
    correlator_->Reconcile();
    TakeFromCorrelator(out);
    if (!file_watch_.empty()) file_watch_.Update(*correlator_->inventory());
    watch_->OnHostFacts(correlator_->TakeHostFacts());
    malloc_trim(0);  // a pass over all containers takes megabytes for a moment; some ms of work
    records_since_trim_ = 0;
  }
  TrimAfterBurst(now_ns);
  if (now_ns - last_tick_ns_ >= kTickPeriodNs) {
    last_tick_ns_ = now_ns;
    watch_->OnTick();
    budget_->OnTick();
    heartbeat_->LeaveBusyCpu();
    TellGaps(out);
  }
  if (const uint64_t round = heartbeat_->rounds(); round != last_round_) {
    last_round_ = round;
    watch_->OnSilentProbes(heartbeat_->Silent());
  }
  if (now_ns - last_losses_ns_ >= kLossPeriodNs) {
    last_losses_ns_ = now_ns;
    ReportLosses(out);
  }
}

// Later if there is no room for their rows: until then the totals keep them.
void Pipeline::ReportLosses(WriteBatch* out) {
  if (!writer_->Fits(kMadeItems / 2)) return;
  auto kernel = counters_.ReadLosses();
  if (!kernel.ok()) return;
  const auto find_owner = [this, inventory = correlator_->inventory()](const CounterKey& key,
                                                                       NamespaceKind kind) {
    return correlator_->OwnerOfCounter(*inventory, key.cgroup, kind, key.ns);
  };
  std::vector<ObservedEvent> rows = losses_.Report(*kernel, ledger_, find_owner, &out->facts);
  for (ObservedEvent& row : rows) PushMade(std::move(row), out);
}

void Pipeline::LoseItems(absl::Span<const WriteItem> items) {
  GiveBack(items, &room_);
  for (const WriteItem& item : items) {
    for (uint8_t epoch = 0; epoch < 2; ++epoch) {
      const uint64_t lost = item.recorded[epoch] + item.coalesced[epoch];
      if (lost != 0) ledger_.Lost(item.owner, item.kind, epoch, "queue_full", lost);
    }
  }
}

// The rows of the events that it speaks of were handed on before.
bool Pipeline::Store(SnapshotRow row) {
  WriteBatch batch;
  batch.snapshots.push_back(std::move(row));
  return writer_->Push(batch);
}

// Past the rules, which are the pipeline thread's.
bool Pipeline::Store(ObservedEvent event) {
  WriteBatch batch;
  WriteItem item;
  item.kind = event.event.kind;
  item.recorded[0] = 1;
  item.item = TimelineRow{0, std::move(event)};
  batch.items.push_back(std::move(item));
  return writer_->Push(batch);
}

void Pipeline::Hand(WriteBatch batch) {
  if (batch.items.empty() && batch.ended_runs.empty() && batch.containers.empty() &&
      batch.namespaces.empty() && batch.snapshots.empty() && !batch.mark) {
    return;
  }
  if (writer_->Push(batch)) return;
  LoseItems(batch.items);
  // Ends and states of containers take no room of the queue, and nobody would tell them again.
  batch.items.clear();
  batch.snapshots.clear();
  writer_->Push(batch);
}

}  // namespace nsobs
