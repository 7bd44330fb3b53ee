#include "exporters/prometheus/series_book.h"

#include <algorithm>
#include <tuple>

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

std::string SeriesBook::TextOf(const OwnerLabels& owner, const SampleKey& key) {
  std::vector<LabelText> values;
  if (Info(key.family).owned()) values = {owner.container, owner.pod, owner.pod_namespace};
  for (LabelText& value : ValuesOf(key)) values.push_back(std::move(value));
  return SeriesText(key.family, values);
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
