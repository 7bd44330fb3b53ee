#include "userspace/collector/ring_reader.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "bpf/event_abi.h"
#include "userspace/base/status_util.h"
#include "userspace/collector/kind_map.h"

namespace nsobs {
namespace {

// Handed on in pieces of this size, so that a flood does not wait for the rings to run empty.
constexpr size_t kMaxBatch = 4096;

// A flood can fill the bulk ring as fast as it is emptied. So it is taken in pieces, with all of
// the critical ring after each, which thus never waits for longer than a piece takes (some ms); and
// after so many pieces the reader does what else it has to.
constexpr size_t kPiece = 512;
constexpr int kMaxPieces = 64;

constexpr int kLastRounds = 200;     // of 5 ms, for what the queues had no room for
constexpr int kMaxEarlyLooks = 100;  // each kFlushPeriod or so, after a handover

constexpr absl::Duration kTickPeriod = absl::Milliseconds(100);

int64_t BootNowNs() {
  timespec ts{};
  clock_gettime(CLOCK_BOOTTIME, &ts);
  return int64_t{ts.tv_sec} * 1'000'000'000 + ts.tv_nsec;
}

// 0: none.
uint64_t BootNsOf(absl::Span<const uint8_t> record) {
  if (record.size() < sizeof(nsobs_header)) return 0;
  return reinterpret_cast<const nsobs_header*>(record.data())->boot_ns;
}

}  // namespace

RingReader::RingReader(const RingReaderOptions& options, RingReaderHandlers handlers)
    : options_(options),
      handlers_(std::move(handlers)),
      coalescer_(options.coalescer),
      window_ns_(absl::ToInt64Nanoseconds(options.coalescer.window)),
      early_(options.adopted ? kMaxEarlyLooks : 0) {}

absl::StatusOr<std::unique_ptr<RingReader>> RingReader::Create(const RingReaderOptions& options,
                                                               RingReaderHandlers handlers) {
  std::unique_ptr<RingReader> reader(new RingReader(options, std::move(handlers)));
  reader->wake_fd_ = UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!reader->wake_fd_.ok()) return ErrnoStatus(errno, "eventfd");
  // Not polled themselves: what came without a wake-up would end each wait at once.
  reader->rings_fd_ = UniqueFd(epoll_create1(EPOLL_CLOEXEC));
  for (const int fd : {options.bulk_map_fd, options.critical_map_fd}) {
    epoll_event event{};
    // By edge: what is held back on a ring must not end each wait.
    event.events = EPOLLIN | (options.hold_back ? EPOLLET : 0U);
    if (epoll_ctl(reader->rings_fd_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
      return ErrnoStatus(errno, "waiting for a ring");
    }
  }
  NSOBS_ASSIGN_OR_RETURN(reader->bulk_, MappedRing::Map(options.bulk_map_fd));
  NSOBS_ASSIGN_OR_RETURN(reader->critical_, MappedRing::Map(options.critical_map_fd));
  if (options.hold_back) {
    reader->critical_->HoldBack(options.critical_from);
    reader->bulk_->HoldBack(options.bulk_from);
    for (MappedRing* ring : {reader->critical_.get(), reader->bulk_.get()}) {
      ring->ReleaseUpTo(ring->position());
    }
    reader->marked_critical_ = reader->critical_->position();
    reader->marked_bulk_ = reader->bulk_->position();
    if (options.runs != nullptr) options.runs->Track();
  }
  return reader;
}

std::array<uint64_t, kEventKindEnd> RingReader::Waiting(uint8_t epoch) {
  std::array<uint64_t, kEventKindEnd> out{};
  for (MappedRing* ring : {critical_.get(), bulk_.get()}) {
    ring->ForEach([&](absl::Span<const uint8_t> record) {
      if (record.size() < sizeof(nsobs_header)) return;
      const auto* header = reinterpret_cast<const nsobs_header*>(record.data());
      const auto kind = static_cast<size_t>(EventKindOf(header->kind));
      if ((header->epoch & 1) == epoch && kind < out.size()) ++out[kind];
    });
  }
  return out;
}

bool RingReader::HasHole() const {
  return critical_->let_go() > options_.critical_from || bulk_->let_go() > options_.bulk_from;
}

uint64_t RingReader::Adopt(const LeftRun& run) {
  return coalescer_.Adopt(run.kind, run.owner, run.count, run.kernel_runs);
}

RingReader::~RingReader() { Stop(); }

void RingReader::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void RingReader::Stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  Wake();
  thread_.join();
}

void RingReader::Wake() {
  const uint64_t one = 1;
  (void)!write(wake_fd_.get(), &one, sizeof one);
}

void RingReader::OnRecord(absl::Span<const uint8_t> record) {
  uint64_t run_id = 0;
  if (record.size() < sizeof(nsobs_header) || coalescer_.Merge(record, &run_id)) return;
  const auto* header = reinterpret_cast<const nsobs_header*>(record.data());
  batch_.records.push_back(
      {static_cast<int64_t>(header->boot_ns), EventKindOf(header->kind), header->epoch, run_id,
       OwnerOfRecord(record),
       std::string(reinterpret_cast<const char*>(record.data()), record.size())});
}

void RingReader::Loop() {
  prctl(PR_SET_NAME, "nsobs-ring");
  // A busy host must not make the reader late: records would be lost. Works in short bursts, so
  // the priority costs nobody. Where it is not allowed, it goes without.
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), -10);
  while (!stopping_) {
    Wait();
    Tick();
    Drain();
    Release();
    ++turns_;
  }
  // Whoever takes the rings over must find what was not handed on: all of it is, with a mark.
  for (int round = 0; round < kLastRounds; ++round) {
    woken_ = true;
    Drain();
    if (batch_.empty() && early_.empty()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

// How long nobody needs to look. After a record the kernel is silent for a period; a record that
// was reserved then and submitted later is found by the second, longer look.
absl::Duration RingReader::Patience() const {
  // Not each record wakes us: what came while we were at work must not wait for the next period,
  // since a process of a millisecond would be gone.
  if (more_ || critical_->has_more() || bulk_->has_more()) return absl::ZeroDuration();
  if (quiet_ < 2) return quiet_ == 0 ? options_.period : 4 * options_.period;
  if (!coalescer_.idle() || !early_.empty() || unmarked_) return options_.flush_period;
  return ticking_ ? std::min(kTickPeriod, options_.rest_period) : options_.rest_period;
}

void RingReader::Tick() {
  if (handlers_.tick == nullptr) return;
  const int64_t now_ns = BootNowNs();
  if (now_ns - last_tick_ns_ < absl::ToInt64Nanoseconds(kTickPeriod)) return;
  last_tick_ns_ = now_ns;
  ticking_ = handlers_.tick();
}

void RingReader::Wait() {
  pollfd fds[2] = {{wake_fd_.get(), POLLIN, 0}, {rings_fd_.get(), POLLIN, 0}};
  poll(fds, 2, static_cast<int>(absl::ToInt64Milliseconds(Patience())));
  epoll_event taken[2];
  epoll_wait(rings_fd_.get(), taken, 2, 0);
  uint64_t wakes = 0;
  woken_ = read(wake_fd_.get(), &wakes, sizeof wakes) > 0;
}

// Bulk before critical: what is critical and older than a record of the bulk ring then is in the
// same batch, and before it. And then of the bulk ring again what is older than the last of the
// critical ones: while this thread did not run between the two, a program may have begun (bulk) and
// made namespaces (critical), which get their name by its arguments.
size_t RingReader::Take() {
  const auto take_bulk = [this](absl::Span<const uint8_t> record) {
    if (!IsContext(record)) ++bulk_records_;
    OnRecord(record);
  };
  size_t taken = 0;
  more_ = true;
  for (int piece = 0; piece < kMaxPieces && more_; ++piece) {
    const size_t bulk = bulk_->Consume(take_bulk, kPiece);
    uint64_t last_ns = 0;
    const auto take_critical = [&](absl::Span<const uint8_t> record) {
      last_ns = std::max(last_ns, BootNsOf(record));
      OnRecord(record);
    };
    taken += critical_->Consume(take_critical, kMaxBatch);
    const size_t older = bulk_->ConsumeWhile(
        [&](absl::Span<const uint8_t> record) { return BootNsOf(record) < last_ns; }, take_bulk,
        kPiece);
    taken += bulk + older;
    more_ = bulk == kPiece || older == kPiece;
    if (batch_.records.size() < kMaxBatch) continue;
    if (options_.hold_back) TakeGrowth();
    Deliver(/*flush=*/options_.hold_back);
  }
  return taken;
}

void RingReader::Drain() {
  coalescer_.set_window(absl::Nanoseconds(window_ns_.load()));
  const size_t taken = Take();
  quiet_ = taken == 0 ? quiet_ + 1 : 0;
  const bool flush =
      woken_ || BootNowNs() - last_flush_ns_ >= absl::ToInt64Nanoseconds(options_.flush_period);
  if (flush) TakeGrowth();
  if (flush || !batch_.records.empty()) Deliver(flush);
  CloseRuns();
}

void RingReader::Durable(const RingMark& mark) {
  durable_critical_ = mark.critical;
  durable_bulk_ = mark.bulk;
  durable_mark_ = mark.number;
}

// A slow disk must not fill the rings: there is room for far more in the queues. So beyond a
// quarter what is held back is let go, and only a kill -9 while that lasts loses it.
void RingReader::Release() {
  if (!options_.hold_back) return;
  const auto release = [](MappedRing* ring, uint64_t durable) {
    const uint64_t held = ring->capacity() / 4;
    ring->ReleaseUpTo(durable);
    if (ring->position() - ring->released() > held) ring->LetGo();
  };
  release(critical_.get(), durable_critical_);
  release(bulk_.get(), durable_bulk_);
}

// After a flush, when nothing that was read is still in our hands but what batch_ holds.
void RingReader::Mark() {
  if (!options_.hold_back || !early_.empty()) return;
  if (options_.runs != nullptr) {
    std::optional<RunBooks> changes = options_.runs->TakeChanges();
    if (!changes) return;
    owed_.Add(*std::move(changes));
  }
  const uint64_t critical = critical_->position(), bulk = bulk_->position();
  if (critical == marked_critical_ && bulk == marked_bulk_ && owed_.empty() && batch_.empty()) {
    return;
  }
  RingMark mark{last_mark_ + 1, critical, bulk, owed_, {}};
  for (const auto& [slot, book] : owed_.slots) mark.run_ids[slot] = coalescer_.RunOf(book.run);
  batch_.mark = std::move(mark);
}

void RingReader::TakeGrowth() {
  if (options_.runs == nullptr) return;
  for (const RunGrowth& g : early_.TakeWith(options_.runs->Collect(coalescer_.AttachedRuns()))) {
    const Coalescer::Grown grown = coalescer_.Extend(g);
    if (grown == Coalescer::Grown::kCounted) continue;
    if (grown == Coalescer::Grown::kUnknown) {
      if (early_.Keep(g)) continue;
      coalescer_.Disown(g.run);
    }
    Lose(g.owner, KernelRuns::KindOf(g.run), g.added);
  }
}

void RingReader::CloseRuns() {
  std::vector<uint64_t> unwanted = coalescer_.TakeUnwanted();
  if (options_.runs == nullptr) return;
  if (!options_.hold_back) {
    to_close_.insert(to_close_.end(), unwanted.begin(), unwanted.end());
    std::erase_if(to_close_, [this](uint64_t run) { return options_.runs->Close(run); });
    return;
  }
  // Its slot takes another run when it is closed: not before the books that are durable have it, so
  // that what they have of a slot is at most one run behind.
  for (const uint64_t run : unwanted) {
    options_.runs->Note(run);
    coalescer_.SetOpen(run, true);
  }
  to_close_.insert(to_close_.end(), unwanted.begin(), unwanted.end());
  std::erase_if(to_close_, [this](uint64_t run) {
    auto it = reported_.find(run);
    if (it == reported_.end()) options_.runs->Note(run);  // it may not have been open before
    if (it == reported_.end() || it->second > durable_mark_) return false;
    if (!options_.runs->Close(run)) return false;
    coalescer_.SetOpen(run, false);
    reported_.erase(it);
    return true;
  });
}

void RingReader::Deliver(bool flush) {
  // The two rings are drained one after the other; the story is told in order.
  std::stable_sort(batch_.records.begin(), batch_.records.end(),
                   [](const RawRecord& a, const RawRecord& b) { return a.boot_ns < b.boot_ns; });
  // Extensions that were refused stay in batch_ and keep their counts: no new ones until they are
  // taken.
  batch_.mark.reset();
  const bool has_room = batch_.extensions.empty() && batch_.ended_runs.empty();
  if (flush && (has_room || options_.hold_back)) {
    last_flush_ns_ = BootNowNs();
    coalescer_.Flush(last_flush_ns_, &batch_);
    if (!has_room) JoinExtensions();
  }
  if (handlers_.admit != nullptr) {
    std::erase_if(batch_.records, [this](const RawRecord& record) {
      if (handlers_.admit(record)) return false;
      Drop(record);
      return true;
    });
  }
  if (flush) Mark();
  if (batch_.empty()) return;
  const std::optional<RingMark> mark = batch_.mark;
  const bool has_records = !batch_.records.empty();
  const bool taken = handlers_.deliver(batch_);
  unmarked_ = options_.hold_back && (has_records ? !(taken && mark) : unmarked_);
  if (taken) {
    batch_ = {};
    if (mark) NoteMarked(*mark);
    return;
  }
  for (const RawRecord& record : batch_.records) Drop(record);
  batch_.records.clear();
}

// What was refused is offered again, with what came to it: one of each run.
void RingReader::JoinExtensions() {
  absl::flat_hash_map<uint64_t, size_t> at;
  std::vector<RunExtension> joined;
  for (const RunExtension& extension : batch_.extensions) {
    auto [it, is_new] = at.try_emplace(extension.run_id, joined.size());
    if (is_new) {
      joined.push_back(extension);
      continue;
    }
    RunExtension& one = joined[it->second];
    one.count = extension.count;
    one.last_boot_ns = extension.last_boot_ns;
    for (size_t epoch = 0; epoch < 2; ++epoch) one.added[epoch] += extension.added[epoch];
  }
  batch_.extensions = std::move(joined);
}

void RingReader::NoteMarked(const RingMark& mark) {
  last_mark_ = mark.number;
  unmarked_ = false;
  marked_critical_ = mark.critical;
  marked_bulk_ = mark.bulk;
  for (const auto& [slot, book] : mark.books.slots) reported_.try_emplace(book.run, mark.number);
  owed_ = {};
}

void RingReader::Lose(const CounterKey& owner, EventKind kind,
                      const std::array<uint64_t, 2>& counts) {
  for (uint8_t epoch = 0; epoch < 2; ++epoch) {
    if (counts[epoch] != 0) handlers_.lost(owner, kind, epoch, counts[epoch]);
  }
}

// With what its run had counted already.
void RingReader::Drop(const RawRecord& record) {
  handlers_.lost(record.owner, record.kind, record.epoch, 1);
  if (record.run_id == 0) return;
  Lose(record.owner, record.kind, coalescer_.Drop(record.run_id));
  std::erase_if(batch_.extensions, [&](const RunExtension& extension) {
    if (extension.run_id != record.run_id) return false;
    Lose(record.owner, extension.kind, extension.added);
    return true;
  });
}

}  // namespace nsobs
