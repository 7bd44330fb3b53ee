#include "userspace/pipeline/file_watch.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "userspace/base/log.h"
#include "userspace/base/sanitize.h"

namespace nsobs {
namespace {

constexpr size_t kShortId = 12;
constexpr size_t kShown = 5;

std::string Shown(const Container& c) {
  return absl::StrCat(c.runtime, " ", c.id.substr(0, kShortId));
}

// Of those whose processes stay in somebody else's cgroup nothing can be told apart in the kernel.
std::string WordsOf(const std::vector<std::string>& watched, std::vector<std::string> without) {
  std::vector<std::string> parts;
  if (!watched.empty()) {
    const size_t shown = std::min(watched.size(), kShown);
    std::string list = absl::StrJoin(watched.begin(), watched.begin() + shown, ", ");
    if (watched.size() > shown) absl::StrAppend(&list, " and ", watched.size() - shown, " more");
    parts.push_back(list + ", watched");
  }
  if (!without.empty()) {
    without.resize(std::min(without.size(), kShown));
    parts.push_back(absl::StrJoin(without, ", ") +
                    ", not watched: it has no cgroup of its own to be told by");
  }
  return absl::StrJoin(parts, "; ");
}

WatchedName PlanOne(const std::string& word, const Inventory& inventory,
                    std::vector<CgroupKey>* cgroups) {
  const Selection selection = SelectContainers(word, inventory);
  if (selection.ambiguous) {
    return {word, false, "not watched: the ids of several containers begin so"};
  }
  if (selection.containers.empty()) return {word, true, "does not run; watched once it does"};
  std::vector<std::string> watched, without;
  for (const ContainerRef& c : selection.containers) {
    const std::vector<CgroupKey> own = inventory.CgroupsOf(c);
    (own.empty() ? without : watched).push_back(Shown(*c));
    cgroups->insert(cgroups->end(), own.begin(), own.end());
  }
  return {word, without.empty(), WordsOf(watched, std::move(without))};
}

}  // namespace

FileWatchPlan PlanFileWatch(const std::vector<std::string>& words, const Inventory& inventory) {
  FileWatchPlan plan;
  for (const std::string& word : words) {
    plan.names.push_back(PlanOne(word, inventory, &plan.cgroups));
  }
  return plan;
}

FileWatch::FileWatch(std::vector<std::string> words,
                     std::function<absl::Status(const std::vector<CgroupKey>&)> set)
    : words_(std::move(words)), set_(std::move(set)) {}

bool FileWatch::Concerns(const Container& container) const {
  return std::any_of(words_.begin(), words_.end(),
                     [&](const std::string& word) { return MayMean(word, container); });
}

void FileWatch::Update(const Inventory& inventory) {
  if (words_.empty()) return;
  const FileWatchPlan plan = PlanFileWatch(words_, inventory);
  const absl::Status status = set_(plan.cgroups);
  const std::string error(status.message());
  if (!status.ok() && error != told_error_) spdlog::warn("--probes.files: {}", error);
  told_error_ = error;
  for (const WatchedName& name : plan.names) {
    if (std::exchange(told_[name.word], name.text) == name.text) continue;
    spdlog::log(name.good ? spdlog::level::info : spdlog::level::warn, "file failures of {}: {}",
                ForTerminal(name.word), ForTerminal(name.text));
  }
}

}  // namespace nsobs
