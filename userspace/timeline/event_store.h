// The writing side of the tables events, losses and gaps.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "userspace/event/observed_event.h"
#include "userspace/timeline/database.h"

namespace nsobs {

// What entered_from holds for a process that came from the host. References begin at 1.
inline constexpr int64_t kEnteredFromHost = 0;

// Rows of `containers`; nullopt: the host, and for `entered_from` that it did not come in.
struct EventOwners {
  std::optional<int64_t> container;
  std::optional<int64_t> entered_from;
};

class EventStore {
 public:
  static absl::StatusOr<EventStore> Make(Database* database);

  absl::StatusOr<int64_t> Insert(const ObservedEvent& event, const EventOwners& owners);
  absl::Status Extend(int64_t id, uint64_t count, int64_t last_wall_ns);
  int64_t last_id() const { return last_id_; }

  // The next id will be larger than `id`.
  absl::Status StartAfter(int64_t id);

 private:
  explicit EventStore(Database* database) : database_(database) {}
  absl::Status InsertLoss(int64_t id, const Loss& loss, const EventOwners& owners);
  absl::Status InsertGap(int64_t id, const Gap& gap);

  Database* database_;
  Statement insert_;
  Statement extend_;
  Statement insert_loss_;
  Statement insert_gap_;
  int64_t last_id_ = 0;
};

}  // namespace nsobs
