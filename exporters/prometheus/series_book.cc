#include "exporters/prometheus/series_book.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "exporters/prometheus/page.h"

namespace nsobs {
namespace {

constexpr size_t kMinSeries = 64;
// More than "(other)" can have of its own: protocols x errnos + signals x results + the rest.
constexpr size_t kOtherMost = 1600;
constexpr size_t kOwnedFamilies = static_cast<size_t>(Family::kContainerInfo);

size_t OtherLimit(size_t max_series) {
  return std::clamp(max_series / 8, InitialKeys().size() + kOwnedFamilies, kOtherMost);
}

bool IsDead(const Container& container) { return container.died_boot_ns != 0; }

bool IsInitial(const SampleKey& key) {
  const auto keys = InitialKeys();
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

std::string TextOf(const OwnerLabels& owner, const SampleKey& key) {
  std::vector<LabelText> values;
  if (Info(key.family).owned()) values = {owner.container, owner.pod, owner.pod_namespace};
  for (LabelText& value : ValuesOf(key)) values.push_back(std::move(value));
  return SeriesText(key.family, values);
}

}  // namespace

SeriesBook::SeriesBook(size_t max_series)
    : max_series_(std::max(max_series, kMinSeries)),
      other_limit_(OtherLimit(max_series_)),
      shown_limit_(max_series_ - other_limit_),
      share_(std::max(2 * InitialKeys().size(), max_series_ / 16)),
      host_group_(HostLabels(), true),
      other_(OtherLabels(), true),
      totals_(OwnerLabels(), true) {
  host_.group = &host_group_;
  for (const SampleKey& key : InitialKeys()) {
    Create(host_group_, key);
    Create(other_, key);
  }
  shown_ = host_group_.series.size();
}

void SeriesBook::Look(const MetricsSnapshot& snapshot) {
  ++look_;
  by_pointer_.clear();
  CollectContainers(snapshot);
  CollectCounts(snapshot);
  DropAbsent();
  Candidates candidates = Regroup();
  DropEmptyGroups();
  Admit(std::move(candidates));
  CountIncreases();
}

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
  for (auto& [key, series] : member.group->series) {
    series.text = TextOf(labels, key);
  }
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

void SeriesBook::CollectCounts(const MetricsSnapshot& snapshot) {
  ForEachSample(snapshot, [this](const CounterOwner& owner, const SampleKey& key, uint64_t value) {
    Member& member = owner.overflow               ? overflow_
                     : owner.container != nullptr ? MemberOf(owner.container)
                                                  : host_;
    Total& total = member.totals[key];
    if (total.look != look_) {
      total.now = 0;
      total.look = look_;
    }
    total.now += value;
  });
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

void SeriesBook::Weigh(Candidate& candidate) {
  for (const Member* member : candidate.members) {
    candidate.alive |= !IsDead(*member->container);
    const int64_t born = member->container->started_boot_ns;
    if (born != 0) candidate.born_boot_ns = std::min(candidate.born_boot_ns, born);
    ++candidate.series;  // its info
    for (const auto& [key, total] : member->totals) {
      if (!Info(key.family).owned()) continue;
      candidate.counted += total.now;
      if (!IsInitial(key)) ++candidate.series;
    }
  }
  candidate.series = std::min(candidate.series + InitialKeys().size(), share_);
}

void SeriesBook::Admit(Candidates candidates) {
  std::vector<Candidate*> order;
  for (auto& [group, candidate] : candidates) {
    Weigh(candidate);
    order.push_back(&candidate);
  }
  // Who counted most comes first, then who is older: the smallest and newest are folded.
  std::sort(order.begin(), order.end(), [](const Candidate* x, const Candidate* y) {
    return std::tie(y->counted, x->born_boot_ns, x->group->labels) <
           std::tie(x->counted, y->born_boot_ns, y->group->labels);
  });
  for (const Candidate* candidate : order) Show(*candidate);

  folded_ = 0;
  ForEachMember([this](Member& member) {
    if (member.gone) return;
    if (member.group->shown) {
      GiveInfo(member);
    } else {
      ++folded_;
    }
  });
}

void SeriesBook::Show(const Candidate& candidate) {
  Group& group = *candidate.group;
  group.shown = shown_ + candidate.series <= shown_limit_;
  if (!group.shown) return;
  // All of it now, so that the next candidate sees what is left.
  for (Member* member : candidate.members) {
    GiveInfo(*member);
    for (const auto& [key, total] : member->totals) {
      if (Info(key.family).owned()) SeriesOf(&group, key);
    }
  }
  if (!candidate.alive) return;  // it has no future failures to be compared with 0
  for (const SampleKey& key : InitialKeys()) SeriesOf(&group, key);
}

void SeriesBook::GiveInfo(Member& member) {
  if (member.info || shown_ >= shown_limit_) return;
  member.info = true;
  ++shown_;
}

void SeriesBook::ResetGauges() {
  const auto reset = [](Group& group) {
    const auto it = group.series.find({Family::kTcpConnectsInFlight, 0, 0});
    if (it != group.series.end()) it->second.value = 0;
  };
  reset(host_group_);
  reset(other_);
  for (auto& [labels, group] : groups_) reset(*group);
}

void SeriesBook::CountIncreases() {
  ResetGauges();
  Count(host_);
  Count(overflow_);
  ForEachMember([this](Member& member) {
    Count(member);
    member.last_shown = IsDead(*member.container);
  });
}

void SeriesBook::Count(Member& member) {
  member.in_flight = 0;
  for (auto& [key, total] : member.totals) {
    if (total.look != look_) continue;
    Series& series = Info(key.family).owned() ? SeriesOf(member.group, key) : Create(totals_, key);
    if (key.family == Family::kTcpConnectsInFlight) {
      member.in_flight = total.now;
      series.value += total.now;
    } else if (total.now > total.counted) {  // never down
      series.value += total.now - total.counted;
      total.counted = total.now;
    }
  }
}

Series& SeriesBook::SeriesOf(Group* group, const SampleKey& key) {
  if (group == nullptr || !group->shown) return OtherSeries(key);
  const auto it = group->series.find(key);
  if (it != group->series.end()) return it->second;
  const bool full =
      shown_ >= shown_limit_ || (group != &host_group_ && group->series.size() >= share_);
  if (full) group->refused.insert(key);
  if (group->refused.contains(key)) return OtherSeries(key);
  ++shown_;
  return Create(*group, key);
}

Series& SeriesBook::OtherSeries(const SampleKey& key) {
  const auto it = other_.series.find(key);
  if (it != other_.series.end()) return it->second;
  // The last places are kept for one coarse series of each family.
  const bool full = other_.series.size() + kOwnedFamilies >= other_limit_;
  return Create(other_, full ? CoarseKey(key.family) : key);
}

Series& SeriesBook::Create(Group& group, const SampleKey& key) {
  const auto [it, made] = group.series.try_emplace(key);
  if (made) it->second.text = TextOf(group.labels, key);
  return it->second;
}

void SeriesBook::ForEachSeries(const std::function<void(Family, const Series&)>& visit) const {
  const auto all = [&](const Group& group) {
    for (const auto& [key, series] : group.series) visit(key.family, series);
  };
  all(host_group_);
  all(other_);
  for (const auto& [labels, group] : groups_) all(*group);
  all(totals_);
}

void SeriesBook::ForEachInfo(
    const std::function<void(const OwnerLabels&, const Container&)>& visit) const {
  std::map<std::tuple<OwnerLabels, LabelText, LabelText>, const Container*> infos;
  for (const auto& [id, lives] : members_) {
    for (const auto& member : lives) {
      if (!member->info) continue;
      const Container& c = *member->container;
      const Container*& shown =
          infos[{member->group->labels, LabelText(c.id), LabelText(c.runtime)}];
      if (shown == nullptr || !IsDead(c)) shown = &c;
    }
  }
  for (const auto& [key, container] : infos) visit(std::get<0>(key), *container);
}

}  // namespace nsobs
