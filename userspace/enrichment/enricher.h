// Asks the engines of this host about the containers that are known without them, on a thread of
// its own: whatever an engine does, nobody waits for it but this thread, and it not for long.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "userspace/base/clock.h"
#include "userspace/base/mutex.h"
#include "userspace/enrichment/answer.h"
#include "userspace/enrichment/breaker.h"
#include "userspace/enrichment/engine_socket.h"
#include "userspace/enrichment/options.h"
#include "userspace/event/container.h"
#include "userspace/event/enrichment.h"
#include "userspace/event/metrics_snapshot.h"

namespace nsobs {

// What the enricher does to the outside, so that tests can stand in for it.
struct EngineAccess {
  std::function<std::vector<EngineSocket>()> find_sockets;
  std::function<absl::StatusOr<uint32_t>(const ProcessKey& init)> user_of;
  std::function<absl::StatusOr<EngineAnswer>(const EngineSocket&, const Container&)> ask;
};
// The real one.
EngineAccess RealEngineAccess(absl::Duration deadline);

// A socket is only asked about containers of its user, at most once a refresh, and about the ids
// of known containers alone. An engine that fails is left for the rest of the pass, and by its
// breaker after three failures. With nothing to ask about no engine is spoken to at all.
class Enricher {
 public:
  static constexpr size_t kMaxContainers = 10000;
  static constexpr size_t kMaxAsksPerPass = 64;

  // `clock` outlives the enricher.
  Enricher(EnrichmentOptions options, EngineAccess access, const Clock* clock);
  ~Enricher();

  void Start();
  void Stop();  // waits for the request under way: a deadline at most

  // News of a container: that it is there, is another by now, or is dead. Never waits; thread-safe.
  void Tell(const ContainerRef& container);
  // What was answered since the last call. Never waits; thread-safe.
  std::vector<Enrichment> Take();

  EngineCounts Counts() const;  // thread-safe

  // One round of asking; what the thread does, for tests without it. Returns in how many
  // nanoseconds there is something to do again.
  int64_t Pass();

 private:
  using Key = std::pair<std::string, std::string>;  // runtime, id
  struct Entry {
    ContainerRef container;
    int64_t next_ns = 0;
    int lonely = 0;  // how often in a row there was nobody to ask
  };
  struct Engine {
    EngineSocket socket;
    Breaker breaker;
    bool failed_in_pass = false;
  };
  enum class Outcome { kAnswered, kNotKnown, kFailed, kNobodyToAsk };

  void Loop();
  bool IsStopping() const;
  void TakeNews();
  void FindSockets(int64_t now_ns);
  std::vector<Entry*> Due(int64_t now_ns);
  Outcome AskAbout(const Container& container, int64_t* again_after_ns);
  Outcome AskOne(Engine* engine, const Container& container, int64_t* again_after_ns);
  void TellSilence(const Container& container);
  void Count(const EngineSocket& socket, const absl::Status& status);
  void ShowBreakers();

  const EnrichmentOptions options_;
  const EngineAccess access_;
  const Clock* const clock_;

  // Of the thread.
  absl::flat_hash_map<Key, Entry> entries_;
  std::vector<Engine> engines_;
  int64_t last_search_ns_ = 0;
  bool searched_ = false;

  mutable Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<ContainerRef> news_ ABSL_GUARDED_BY(mutex_);
  std::vector<Enrichment> answers_ ABSL_GUARDED_BY(mutex_);
  // To look often without the lock, whose release wakes the engines thread.
  std::atomic<bool> has_answers_{false};
  std::map<std::pair<std::string, std::string>, uint64_t> requests_ ABSL_GUARDED_BY(mutex_);
  std::vector<EngineState> states_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace nsobs
