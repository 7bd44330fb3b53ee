#include "exporters/prometheus/series_book.h"

#include "absl/strings/str_cat.h"

// Who is who: members by life and id, groups by label.
namespace nsobs {

void SeriesBook::ForEachMember(const std::function<void(Member&)>& visit) {
  for (auto& [id, lives] : members_) {
    for (auto& member : lives) visit(*member);
  }
}

SeriesBook::Member& SeriesBook::FindOrMake(const ContainerRef& container) {
  auto& lives = members_[absl::StrCat(container->runtime, "\n", container->id)];
  for (auto& member : lives) {
    const bool next_life = IsDead(*member->container) && !IsDead(*container);
    if (!next_life) return *member;
  }
  lives.push_back(std::make_unique<Member>());
  lives.back()->container = container;
  return *lives.back();
}

SeriesBook::Member& SeriesBook::MemberOf(const ContainerRef& container) {
  Member*& known = by_pointer_[container.get()];
  if (known != nullptr) return *known;
  Member& member = FindOrMake(container);
  known = &member;
  if (member.look == look_) return member;  // the list of containers has the current object
  member.look = look_;
  if (member.container != container) {
    const OwnerLabels labels = LabelsOf(*container);
    if (member.group != nullptr && labels != member.group->labels) Rename(member, labels);
    member.container = container;
  }
  return member;
}

// A name that was found late, or changed. Where the series are this container's alone they go on
// under the new name; else it leaves them behind, and its increases go to those of the new name.
void SeriesBook::Rename(Member& member, const OwnerLabels& labels) {
  if (member.group->joined != 1 || groups_.contains(labels)) {
    Retire(member);
    return;
  }
  auto node = groups_.extract(member.group->labels);
  node.key() = labels;
  member.group->labels = labels;
  groups_.insert(std::move(node));
}

void SeriesBook::CollectContainers(const MetricsSnapshot& snapshot) {
  // The dead first: then one that lives under the same id is seen to be another.
  for (const bool dead : {true, false}) {
    for (const ContainerRef& container : snapshot.containers) {
      if (container != nullptr && IsDead(*container) == dead) MemberOf(container);
    }
  }
}

// Leaves the group; what the member counted there stays.
void SeriesBook::Retire(Member& member) {
  if (member.info) --shown_;
  member.info = false;
  member.group = nullptr;
}

void SeriesBook::DropAbsent() {
  for (auto it = members_.begin(); it != members_.end();) {
    auto& lives = it->second;
    for (auto& member : lives) {
      const bool absent = member->look != look_;
      // A connect in flight would end in another series than it began in: then it stays.
      const bool over = member->last_shown && member->in_flight == 0;
      if (absent || over) Retire(*member);
      member->gone |= over;
    }
    std::erase_if(lives, [this](const auto& member) { return member->look != look_; });
    if (lives.empty()) {
      members_.erase(it++);
    } else {
      ++it;
    }
  }
}

void SeriesBook::Join(Member& member, Candidates& candidates) {
  const OwnerLabels labels = LabelsOf(*member.container);
  auto& group = groups_[labels];
  if (group == nullptr) {
    group = std::make_unique<Group>(labels);
    candidates[group.get()].group = group.get();
  }
  member.group = group.get();
  ++member.group->joined;
}

SeriesBook::Candidates SeriesBook::Regroup() {
  Candidates candidates;
  alive_ = 0;
  for (auto& [labels, group] : groups_) group->members = 0;
  ForEachMember([&](Member& member) {
    if (!IsDead(*member.container)) ++alive_;
    if (member.gone) return;
    if (member.group == nullptr) Join(member, candidates);
    ++member.group->members;
    const auto asks = candidates.find(member.group);
    if (asks != candidates.end()) asks->second.members.push_back(&member);
  });
  return candidates;
}

void SeriesBook::DropEmptyGroups() {
  for (auto it = groups_.begin(); it != groups_.end();) {
    if (it->second->members > 0) {
      ++it;
      continue;
    }
    shown_ -= it->second->series.size();
    it = groups_.erase(it);
  }
}

}  // namespace nsobs
