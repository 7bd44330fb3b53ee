// Joins the kernel's counters with the names of containers: what one scrape shows.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "userspace/base/mutex.h"
#include "userspace/collector/counter_reader.h"
#include "userspace/collector/probe_set.h"
#include "userspace/correlation/correlator.h"
#include "userspace/event/metrics_snapshot.h"
#include "userspace/pipeline/owner_book.h"
#include "userspace/pipeline/pipeline.h"

namespace nsobs {

struct BuildFacts {
  std::string version;
  std::string revision;
  std::string kernel;
};

// Thread-safe.
class MetricsBuilder {
 public:
  // All but the facts outlive the builder.
  MetricsBuilder(BuildFacts facts, ProbeSet* probes, const Correlator* correlator,
                 Pipeline* pipeline, const Clock* clock);

  MetricsSnapshot Build();

  // The kernel's counters are a predecessor's. What of them belongs to nobody who is known, and not
  // to the host, is shown without an owner, never as the host's. Once, before the first Build().
  void Inherit();

 private:
  // One look at all counters, at one moment. An owner has some twenty of them.
  struct Look {
    const Inventory& inventory;
    int64_t now_boot_ns = 0;
    absl::flat_hash_map<std::pair<CounterKey, NamespaceKind>, CounterWhose> known = {};
  };
  CounterWhose Ask(const CounterKey& key, NamespaceKind kind, const Look& look)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // nullopt: that will be known in a moment, and it is shown then.
  std::optional<CounterOwner> OwnerOf(const CounterKey& key, NamespaceKind kind, Look* look)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddCounter(const Counter& counter, Look* look, MetricsSnapshot* out)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddTcp(const TcpCounter& counter, Look* look, MetricsSnapshot* out)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddHealth(const KernelCounters& counters, MetricsSnapshot* out);

  const BuildFacts facts_;
  ProbeSet* const probes_;
  const Correlator* const correlator_;
  Pipeline* const pipeline_;
  const Clock* const clock_;
  const CounterReader counters_;
  const int64_t start_wall_ns_;
  Mutex mutex_;
  OwnerBook owners_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nsobs
