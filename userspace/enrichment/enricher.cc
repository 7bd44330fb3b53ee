#include "userspace/enrichment/enricher.h"

#include <sys/prctl.h>

#include <algorithm>
#include <memory>

#include "userspace/enrichment/ask.h"
#include "userspace/enrichment/engine_peer.h"
#include "userspace/enrichment/socket_finder.h"
#include "userspace/enrichment/transport.h"

namespace nsobs {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
// Containers come in handfuls, and an engine knows them a moment after they run.
constexpr int64_t kFirstAskNs = kSecondNs / 4;
constexpr int64_t kSearchNs = 60 * kSecondNs;
constexpr int64_t kSearchSoonNs = 5 * kSecondNs;  // with a container that nobody can be asked about
constexpr int64_t kSlowFactor = 10;               // of what hardly changes
constexpr size_t kMaxQueued = 2 * Enricher::kMaxContainers;

constexpr int kSearchesForOne = 3;

bool IsOfAnEngine(const Container& container) {
  for (const EngineKind kind :
       {EngineKind::kDocker, EngineKind::kPodman, EngineKind::kContainerd, EngineKind::kCrio}) {
    if (container.runtime == Name(kind)) return true;
  }
  return false;
}

std::string ResultName(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return "ok";
    case absl::StatusCode::kNotFound:
      return "not_found";
    case absl::StatusCode::kDeadlineExceeded:
      return "timeout";
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kPermissionDenied:
      return "refused";
    default:
      return "bad_answer";
  }
}

}  // namespace

EngineAccess RealEngineAccess(absl::Duration deadline) {
  const auto transport = std::make_shared<Transport>(deadline);
  EngineAccess access;
  access.find_sockets = [] { return FindEngineSockets(); };
  access.user_of = UserOfContainer;
  access.ask = [transport](const EngineSocket& socket, const Container& container) {
    return AskEngine(socket, container, transport.get());
  };
  return access;
}

Enricher::Enricher(EnrichmentOptions options, EngineAccess access, const Clock* clock)
    : options_(std::move(options)), access_(std::move(access)), clock_(clock) {}

Enricher::~Enricher() { Stop(); }

void Enricher::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Enricher::Stop() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void Enricher::Loop() {
  prctl(PR_SET_NAME, "nsobs-engines");
  while (true) {
    const int64_t wait_ns = Pass();
    MutexLock lock(&mutex_);
    const auto stopping = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopping_; };
    const auto wanted = [this]()
                            ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopping_ || !news_.empty(); };
    // However often there are news, it is enough to look now and then.
    mutex_.AwaitWithTimeout(wanted, absl::Nanoseconds(wait_ns));
    mutex_.AwaitWithTimeout(stopping, absl::Nanoseconds(kFirstAskNs));
    if (stopping_) return;
  }
}

bool Enricher::IsStopping() const {
  MutexLock lock(&mutex_);
  return stopping_;
}

void Enricher::Tell(const ContainerRef& container) {
  if (!IsOfAnEngine(*container)) return;
  MutexLock lock(&mutex_);
  // What doesn't fit is told again with its next change; it only lacks what engines add.
  if (news_.size() < kMaxQueued) news_.push_back(container);
}

std::vector<Enrichment> Enricher::Take() {
  if (!has_answers_.load(std::memory_order_relaxed)) return {};
  MutexLock lock(&mutex_);
  has_answers_.store(false, std::memory_order_relaxed);
  return std::exchange(answers_, {});
}

EngineCounts Enricher::Counts() const {
  MutexLock lock(&mutex_);
  EngineCounts counts;
  counts.asked = true;
  for (const auto& [key, value] : requests_) {
    counts.requests.push_back({key.first, key.second, value});
  }
  counts.engines = states_;
  return counts;
}

void Enricher::TakeNews() {
  std::vector<ContainerRef> news;
  {
    MutexLock lock(&mutex_);
    news.swap(news_);
  }
  const int64_t first_ns = clock_->BootNs() + kFirstAskNs;
  for (ContainerRef& container : news) {
    const Key key(container->runtime, container->id);
    if (container->died_boot_ns != 0 || container->init.pid == 0) {
      entries_.erase(key);
      continue;
    }
    auto it = entries_.find(key);
    if (it == entries_.end()) {
      if (entries_.size() < kMaxContainers) entries_[key] = {std::move(container), first_ns};
      continue;
    }
    // A restart is another life, of which nothing was said yet.
    if (it->second.container->init != container->init) it->second.next_ns = first_ns;
    it->second.container = std::move(container);
  }
}

void Enricher::FindSockets(int64_t now_ns) {
  last_search_ns_ = now_ns;
  searched_ = true;
  std::vector<Engine> engines;
  for (EngineSocket& socket : access_.find_sockets()) {
    const auto known = std::find_if(engines_.begin(), engines_.end(),
                                    [&](const Engine& e) { return e.socket == socket; });
    engines.push_back({std::move(socket), known == engines_.end() ? Breaker() : known->breaker});
  }
  engines_ = std::move(engines);
}

std::vector<Enricher::Entry*> Enricher::Due(int64_t now_ns) {
  std::vector<Entry*> due;
  for (auto& [key, entry] : entries_) {
    if (entry.next_ns <= now_ns) due.push_back(&entry);
  }
  const size_t most = std::min(due.size(), kMaxAsksPerPass);
  std::partial_sort(due.begin(), due.begin() + static_cast<ptrdiff_t>(most), due.end(),
                    [](const Entry* a, const Entry* b) { return a->next_ns < b->next_ns; });
  due.resize(most);
  return due;
}

int64_t Enricher::Pass() {
  TakeNews();
  int64_t now_ns = clock_->BootNs();
  const std::vector<Entry*> due = Due(now_ns);
  // An engine that starts with its containers is found soon; where none runs, nobody searches.
  const bool has_lonely = std::any_of(due.begin(), due.end(), [](const Entry* entry) {
    return entry->lonely > 0 && entry->lonely <= kSearchesForOne;
  });
  const int64_t search_ns = has_lonely ? kSearchSoonNs : kSearchNs;
  if (!due.empty() && (!searched_ || now_ns - last_search_ns_ >= search_ns)) FindSockets(now_ns);
  for (Engine& engine : engines_) engine.failed_in_pass = false;
  for (Entry* entry : due) {
    if (IsStopping()) return 0;
    int64_t again_ns = 0;
    const Outcome outcome = AskAbout(*entry->container, &again_ns);
    entry->lonely = outcome == Outcome::kNobodyToAsk ? entry->lonely + 1 : 0;
    if (entry->lonely > 0) again_ns = std::min(entry->lonely * kSearchSoonNs, kSearchNs);
    entry->next_ns = clock_->BootNs() + again_ns;
  }
  now_ns = clock_->BootNs();
  ShowBreakers();
  int64_t wait_ns = kSearchNs;
  for (const auto& [key, entry] : entries_) wait_ns = std::min(wait_ns, entry.next_ns - now_ns);
  return std::max(wait_ns, kFirstAskNs);
}

Enricher::Outcome Enricher::AskAbout(const Container& container, int64_t* again_after_ns) {
  const int64_t refresh_ns = absl::ToInt64Nanoseconds(options_.refresh);
  *again_after_ns = kSlowFactor * refresh_ns;
  const auto user = access_.user_of(container.init);
  if (!user.ok()) return Outcome::kNotKnown;  // it is gone, or will be told again
  bool any = false, failed = false, silent = false;
  for (Engine& engine : engines_) {
    if (IsStopping()) break;
    const EngineSocket& socket = engine.socket;
    if (Name(socket.kind) != container.runtime || socket.uid != *user) continue;
    any = true;
    silent = silent || engine.breaker.open();
    if (engine.failed_in_pass || !engine.breaker.MayAsk(clock_->BootNs())) {
      failed = true;
      continue;
    }
    const Outcome outcome = AskOne(&engine, container, again_after_ns);
    if (outcome == Outcome::kAnswered) return outcome;
    failed = failed || outcome == Outcome::kFailed;
  }
  if (silent && container.enriched.contains("health")) TellSilence(container);
  if (failed) *again_after_ns = std::min(kSecondNs, refresh_ns);
  return failed ? Outcome::kFailed : any ? Outcome::kNotKnown : Outcome::kNobodyToAsk;
}

Enricher::Outcome Enricher::AskOne(Engine* engine, const Container& container,
                                   int64_t* again_after_ns) {
  absl::StatusOr<EngineAnswer> answer = access_.ask(engine->socket, container);
  std::optional<Enrichment> enrichment;
  if (answer.ok()) {
    enrichment = Accept(*answer, container, Name(engine->socket.kind));
    if (!enrichment) answer = absl::DataLossError("an answer about another container");
  }
  Count(engine->socket, answer.status());
  if (!answer.ok() && !absl::IsNotFound(answer.status())) {
    engine->failed_in_pass = true;
    engine->breaker.Failed(clock_->BootNs());
    return Outcome::kFailed;
  }
  engine->breaker.Succeeded();
  if (!enrichment) return Outcome::kNotKnown;
  // Health goes up and down; the rest stays as it is for this life.
  if (enrichment->health) *again_after_ns /= kSlowFactor;
  MutexLock lock(&mutex_);
  if (answers_.size() < kMaxQueued) answers_.push_back(*std::move(enrichment));
  has_answers_.store(true, std::memory_order_relaxed);
  return Outcome::kAnswered;
}

void Enricher::TellSilence(const Container& container) {
  Enrichment silence;
  silence.runtime = container.runtime;
  silence.id = container.id;
  silence.init = container.init;
  silence.silent = true;
  MutexLock lock(&mutex_);
  if (answers_.size() < kMaxQueued) answers_.push_back(std::move(silence));
  has_answers_.store(true, std::memory_order_relaxed);
}

void Enricher::Count(const EngineSocket& socket, const absl::Status& status) {
  MutexLock lock(&mutex_);
  ++requests_[{std::string(Name(socket.kind)), ResultName(status)}];
}

void Enricher::ShowBreakers() {
  std::vector<EngineState> states;
  for (const Engine& engine : engines_) {
    states.push_back(
        {std::string(Name(engine.socket.kind)), engine.socket.path, engine.breaker.open()});
  }
  MutexLock lock(&mutex_);
  states_ = std::move(states);
}

}  // namespace nsobs
