// Which anomalies are let through: each trouble once a while, and no container more than its share.
#pragma once

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "userspace/anomaly/lru_map.h"
#include "userspace/anomaly/options.h"
#include "userspace/base/token_bucket.h"
#include "userspace/event/anomaly.h"

namespace nsobs {

// Not thread-safe. Bounded memory, whatever the keys.
class Gate {
 public:
  explicit Gate(const AnomalyOptions& options);

  enum class Verdict : uint8_t { kPass, kRepeat, kContainerRate, kRate };

  // On kPass `suppressed` says how many of the same key weren't let through since the last one.
  Verdict Judge(Anomaly* anomaly);

  static constexpr size_t kMaxKeys = 4096;
  static constexpr size_t kMaxOwners = 1024;
  size_t keys() const { return troubles_.size(); }

 private:
  struct Trouble {
    bool passed = false;
    int64_t passed_boot_ns = 0;
    uint64_t suppressed = 0;
  };
  // Of one rule, and apart by how serious: so that nobody hides an entry behind a flood of refused
  // connects, nor a serious one behind many that are none.
  struct Budget {
    explicit Budget(double per_minute) : info(per_minute / 60, per_minute), worse(info) {}
    TokenBucket& Of(Severity severity) { return severity == Severity::kInfo ? info : worse; }
    TokenBucket info;
    TokenBucket worse;
  };

  Verdict Decide(const Anomaly& anomaly, const Trouble& trouble);

  const int64_t repeat_ns_;
  const double container_per_minute_;
  const double per_minute_;
  LruMap<std::string, Trouble> troubles_{kMaxKeys};
  LruMap<std::string, Budget> owners_{kMaxOwners};  // by rule and owner
  absl::flat_hash_map<std::string, Budget> rules_;  // by rule: as many as there are
};

// "repeat", "container_rate", "rate"; "" for kPass.
std::string_view Name(Gate::Verdict verdict);

}  // namespace nsobs
