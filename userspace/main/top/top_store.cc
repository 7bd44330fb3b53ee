#include "userspace/main/top/top_store.h"

#include <algorithm>
#include <utility>

namespace nsobs {
namespace {

int64_t EndOf(const TopEvent& event) { return event.last_wall_ns; }
int64_t EndOf(const TopFinding& finding) { return finding.wall_ns; }

template <typename T>
void ForgetBefore(int64_t since_wall_ns, std::map<int64_t, T>* rows) {
  for (auto it = rows->begin(); it != rows->end();) {
    it = EndOf(it->second) < since_wall_ns ? rows->erase(it) : std::next(it);
  }
}

}  // namespace

void TopStore::Put(TopEvent event) {
  const int64_t id = event.id;
  events_.insert_or_assign(id, std::move(event));
  while (events_.size() > kTopMaxEvents) {
    NoteLeftOut(EndOf(events_.begin()->second));
    events_.erase(events_.begin());
  }
}

void TopStore::Put(TopFinding finding) {
  const int64_t id = finding.id;
  findings_.insert_or_assign(id, std::move(finding));
  while (findings_.size() > kTopMaxFindings) {
    NoteLeftOut(EndOf(findings_.begin()->second));
    findings_.erase(findings_.begin());
  }
}

void TopStore::SetContainers(const std::vector<StoredContainer>& stored, int64_t since_wall_ns) {
  // A container that was started again has several rows: the newest, which stands last, is it.
  std::map<std::string, TopContainer> newest;
  containers_left_out_ = 0;
  for (auto it = stored.rbegin(); it != stored.rend(); ++it) {
    if (it->died_wall_ns != 0 && it->died_wall_ns < since_wall_ns) continue;
    if (newest.size() == kTopMaxContainers) {
      ++containers_left_out_;
      continue;
    }
    TopContainer container = TopContainerOf(*it);
    std::string owner = container.owner;
    newest.emplace(std::move(owner), std::move(container));
  }
  containers_.clear();
  for (auto& [owner, container] : newest) containers_.push_back(std::move(container));
}

void TopStore::Expire(int64_t since_wall_ns) {
  ForgetBefore(since_wall_ns, &events_);
  ForgetBefore(since_wall_ns, &findings_);
  if (left_out_until_wall_ns_ < since_wall_ns) left_out_until_wall_ns_ = 0;
}

void TopStore::Clear() {
  events_.clear();
  findings_.clear();
  containers_.clear();
  containers_left_out_ = 0;
  left_out_until_wall_ns_ = 0;
}

void TopStore::NoteLeftOut(int64_t wall_ns) {
  left_out_until_wall_ns_ = std::max(left_out_until_wall_ns_, wall_ns);
}

}  // namespace nsobs
