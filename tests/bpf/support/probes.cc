#include "tests/bpf/support/probes.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "tests/bpf/support/cgroup_lab.h"
#include "tests/bpf/support/wait.h"
#include "userspace/collector/decoder.h"

namespace nsobs {
namespace {

constexpr int kMark = 62;  // a real-time signal that nobody else here uses

bool IsSignalMark(const Event& event) {
  const auto* signal = std::get_if<Signal>(&event.detail);
  return signal != nullptr && signal->signal == kMark &&
         event.process.pid == static_cast<uint32_t>(getpid());
}

std::string MarkName() { return "nsobs-bpf-mark-" + std::to_string(getpid()); }

bool IsCgroupMark(const Event& event) {
  const auto* change = std::get_if<CgroupChange>(&event.detail);
  return change != nullptr && change->path == "/" + MarkName();
}

uint64_t Bit(int signal) { return uint64_t{1} << (signal - 1); }

}  // namespace

ProbeSettings TestSettings() {
  ProbeSettings settings;
  for (int signal : {SIGTERM, SIGKILL, SIGINT, SIGSEGV, SIGUSR1, SIGSTOP, SIGRTMIN + 3, kMark}) {
    settings.told_signals |= Bit(signal);
  }
  settings.told_ignored_signals = Bit(SIGHUP);
  settings.dns_timeout_ns = 2'000'000'000;
  return settings;
}

Probes& Probes::Shared() {
  static const auto kProbes = [] {
    auto probes = std::make_unique<Probes>(ProbeOptions{.files = true}, TestSettings());
    probes->StartDraining();
    return probes;
  }();
  return *kProbes;
}

Probes::Probes(const ProbeOptions& options, const ProbeSettings& settings) {
  signal(kMark, SIG_IGN);
  auto set = ProbeSet::Load(options, settings);
  if (!set.ok()) {
    fprintf(stderr, "%s\n", set.status().ToString().c_str());
    abort();
  }
  set_ = std::move(*set);
  set_->Attach();
}

Probes::~Probes() {
  if (reader_ != nullptr) reader_->Stop();
}

void Probes::StartDraining() {
  RingReaderOptions options;
  options.critical_map_fd = set_->critical_ring_fd();
  options.bulk_map_fd = set_->bulk_ring_fd();
  options.runs = &set_->runs();
  options.period = absl::Milliseconds(2);
  options.coalescer.window = absl::ZeroDuration();
  RingReaderHandlers handlers;
  handlers.deliver = [this](RecordBatch& batch) {
    OnBatch(batch);
    return true;
  };
  handlers.tick = [this] { return set_->SweepDns(); };
  handlers.lost = [](const CounterKey&, EventKind, uint8_t, uint64_t) {
    ADD_FAILURE() << "lost though never full";
  };
  auto reader = RingReader::Create(options, std::move(handlers));
  ASSERT_TRUE(reader.ok()) << reader.status();
  reader_ = std::move(*reader);
  reader_->Start();
}

void Probes::OnBatch(const RecordBatch& batch) {
  EXPECT_TRUE(batch.extensions.empty() && batch.ended_runs.empty());
  std::lock_guard lock(mutex_);
  for (const RawRecord& record : batch.records) {
    auto event = DecodeEvent(absl::MakeConstSpan(
        reinterpret_cast<const uint8_t*>(record.bytes.data()), record.bytes.size()));
    if (!event.ok()) {
      ADD_FAILURE() << event.status();
      continue;
    }
    ++received_[event->epoch][static_cast<size_t>(event->kind)];
    if (IsSignalMark(*event))
      ++marks_.signals;
    else if (IsCgroupMark(*event))
      ++marks_.cgroups;
    else
      events_.push_back(*std::move(event));
  }
}

// What was told before a mark lies before it on the same ring: one mark for each. That on the bulk
// ring is sent until it arrives, since the ring may be full.
void Probes::Settle() {
  const uint64_t signals = Marks().signals, cgroups = Marks().cgroups;
  {
    Cgroup mark(Hierarchy::kUnified, MarkName());
  }
  int64_t raised_ns = 0;
  ASSERT_TRUE(WaitUntil(
      [&] {
        const MarkCount now = Marks();
        if (now.signals > signals && now.cgroups >= cgroups + 2)
          return true;  // its birth and its death
        if (now.signals <= signals && BootNowNs() - raised_ns > 100'000'000) {
          raised_ns = BootNowNs();
          raise(kMark);
        }
        reader_->Wake();
        return false;
      },
      60'000))
      << "the rings are not read";
}

Probes::MarkCount Probes::Marks() {
  std::lock_guard lock(mutex_);
  return marks_;
}

std::vector<Event> Probes::Take(const std::function<bool(const Event&)>& wanted) {
  Settle();
  std::vector<Event> out;
  std::lock_guard lock(mutex_);
  std::copy_if(events_.begin(), events_.end(), std::back_inserter(out), wanted);
  return out;
}

std::vector<Event> Probes::Of(EventKind kind, const Facts& process) {
  return Take([&](const Event& e) { return e.kind == kind && e.process.pid == process.pid; });
}

bool Probes::Await(size_t count, const std::function<bool(const Event&)>& wanted) {
  return WaitUntil([&] {
    std::lock_guard lock(mutex_);
    return static_cast<size_t>(std::count_if(events_.begin(), events_.end(), wanted)) >= count;
  });
}

void Probes::Forget() {
  Settle();
  std::lock_guard lock(mutex_);
  events_.clear();
}

uint64_t Probes::Received(EventKind kind, uint8_t epoch) {
  std::lock_guard lock(mutex_);
  return received_[epoch][static_cast<size_t>(kind)];
}

}  // namespace nsobs
