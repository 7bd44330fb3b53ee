#include "userspace/main/handover.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"

namespace nsobs {

Handover::Handover(const std::string& storage, absl::Duration patience, ServiceManager* manager)
    : socket_(absl::StrCat(storage, "/", kKeeperSocket)), patience_(patience), manager_(manager) {}

namespace {

constexpr char kText[] = "text";  // a memory file among the stored descriptors, with the bundle's

absl::StatusOr<UniqueFd> MemoryWith(const std::string& text) {
  UniqueFd file(memfd_create("nsobs-handover", MFD_CLOEXEC));
  if (!file.ok()) return ErrnoStatus(errno, "memfd_create");
  const ssize_t written = pwrite(file.get(), text.data(), text.size(), 0);
  if (written != static_cast<ssize_t>(text.size())) return ErrnoStatus(errno, "a memory file");
  return file;
}

absl::StatusOr<std::string> TextIn(int file) {
  std::string text(kMaxBundleText + 1, '\0');
  const ssize_t size = pread(file, text.data(), text.size(), 0);
  if (size < 0 || static_cast<size_t>(size) > kMaxBundleText) {
    return absl::DataLossError("the stored text can't be read");
  }
  text.resize(static_cast<size_t>(size));
  return text;
}

}  // namespace

absl::StatusOr<FdBundle> Handover::TakeStored() {
  FdBundle bundle;
  bundle.fds = manager_->TakeStored();
  if (bundle.fds.empty()) return absl::NotFoundError("nothing is stored");
  for (const NamedFd& one : bundle.fds) stored_.push_back(one.name);
  NSOBS_ASSIGN_OR_RETURN(bundle.text, TextIn(bundle.Find(kText)));
  return bundle;
}

absl::StatusOr<FdBundle> Handover::Take() {
  if (manager_->present()) return TakeStored();
  NSOBS_ASSIGN_OR_RETURN(Keeper::Left left, Keeper::TakeLeft(socket_));
  keeper_ = std::move(left.keeper);
  return std::move(left.bundle);
}

void Handover::Refuse() {
  for (const std::string& name : stored_) manager_->Forget(name);
  stored_.clear();
  if (keeper_ != nullptr) keeper_->End();
  keeper_.reset();
  kept_ = false;
}

absl::Status Handover::Keep(const FdBundle& bundle) {
  if (patience_ == absl::ZeroDuration()) return absl::OkStatus();
  if (manager_->present()) return Store(bundle);
  NSOBS_ASSIGN_OR_RETURN(keeper_, Keeper::Start(socket_, patience_, bundle));
  kept_ = true;
  return absl::OkStatus();
}

absl::Status Handover::Store(const FdBundle& bundle) {
  NSOBS_ASSIGN_OR_RETURN(const UniqueFd text, MemoryWith(bundle.text));
  absl::Status status = manager_->Store(kText, text.get());
  stored_.push_back(kText);
  for (const NamedFd& one : bundle.fds) {
    if (!status.ok()) break;
    status = manager_->Store(one.name, one.fd.get());
    stored_.push_back(one.name);
  }
  if (!status.ok()) Refuse();
  kept_ = status.ok();
  return status;
}

void Handover::EndForGood() {
  if (!manager_->present()) Refuse();
}

}  // namespace nsobs
