// From one life of the daemon to the next: what the predecessor left is taken, what we load is
// kept, by the service manager (sd_notify(3), FDSTORE) where there is one, else by a keeper.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "userspace/base/fd_bundle.h"
#include "userspace/base/service_manager.h"
#include "userspace/handover/keeper.h"

namespace nsobs {

// One thread.
class Handover {
 public:
  // `patience`: how long a keeper waits for a successor; zero: nothing is kept, by nobody.
  // `manager` outlives this.
  Handover(const std::string& storage, absl::Duration patience, ServiceManager* manager);

  // What a predecessor on this storage left. NOT_FOUND: nothing.
  absl::StatusOr<FdBundle> Take();
  // It is of no use: whoever held it lets go.
  void Refuse();
  // Whoever held it goes on doing so.
  void Adopted() { kept_ = true; }
  // `bundle` is kept from now on, also if we die.
  absl::Status Keep(const FdBundle& bundle);

  // We stop and nobody comes after us: nothing is left. A service manager knows better whether
  // somebody comes, and lets go by itself when the unit was stopped for good.
  void EndForGood();
  // Is what we loaded held by somebody else, too?
  bool kept() const { return kept_; }

 private:
  absl::StatusOr<FdBundle> TakeStored();
  absl::Status Store(const FdBundle& bundle);

  const std::string socket_;
  const absl::Duration patience_;
  ServiceManager* const manager_;
  std::unique_ptr<Keeper> keeper_;
  std::vector<std::string> stored_;  // names that the service manager holds
  bool kept_ = false;
};

}  // namespace nsobs
