#include "userspace/main/handover.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"

namespace nsobs {

Handover::Handover(const std::string& storage, absl::Duration patience, ServiceManager* manager)
    : socket_(absl::StrCat(storage, "/", kKeeperSocket)), patience_(patience), manager_(manager) {}

absl::StatusOr<FdBundle> Handover::Take() {
  NSOBS_ASSIGN_OR_RETURN(Keeper::Left left, Keeper::TakeLeft(socket_));
  keeper_ = std::move(left.keeper);
  return std::move(left.bundle);
}

void Handover::Refuse() {
  if (keeper_ != nullptr) keeper_->End();
  keeper_.reset();
  kept_ = false;
}

absl::Status Handover::Keep(const FdBundle& bundle) {
  if (patience_ == absl::ZeroDuration()) return absl::OkStatus();
  NSOBS_ASSIGN_OR_RETURN(keeper_, Keeper::Start(socket_, patience_, bundle));
  kept_ = true;
  return absl::OkStatus();
}

void Handover::EndForGood() { Refuse(); }

}  // namespace nsobs
