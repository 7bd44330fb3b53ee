#include "exporters/prometheus/series_book.h"

#include <algorithm>
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

// SeriesText() without the labels of the owner.
struct NameText {
  std::string before;
  std::string after;
};
using NameTexts = absl::flat_hash_map<SampleKey, NameText>;

constexpr size_t kOwnerNames = 3;  // the first labels of every owned family

std::string OwnerText(const OwnerLabels& owner) {
  const LabelText values[kOwnerNames] = {owner.container, owner.pod, owner.pod_namespace};
  return LabelsText(Info(Family::kConnectFailures).labels().first(kOwnerNames), values);
}

const NameText& TextOf(const SampleKey& key, NameTexts& texts) {
  const auto [it, made] = texts.try_emplace(key);
  if (!made) return it->second;
  const FamilyInfo& info = Info(key.family);
  const std::string rest =
      LabelsText(info.labels().subspan(info.owned() ? kOwnerNames : 0), ValuesOf(key));
  const bool bare = !info.owned() && rest.empty();
  const bool more = info.owned() && !rest.empty();
  it->second.before = absl::StrCat(std::string(info.name), bare ? "" : "{");
  it->second.after = absl::StrCat(more ? "," : "", rest, bare ? "" : "}");
  return it->second;
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
    host_group_.series.Add(key);
    other_.series.Add(key);
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
    if (uint64_t* value = group.series.Find({Family::kTcpConnectsInFlight, 0, 0})) *value = 0;
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
    uint64_t& value =
        Info(key.family).owned() ? SeriesOf(member.group, key) : totals_.series.Add(key);
    if (key.family == Family::kTcpConnectsInFlight) {
      member.in_flight = total.now;
      value += total.now;
    } else if (total.now > total.counted) {  // never down
      value += total.now - total.counted;
      total.counted = total.now;
    }
  }
}

uint64_t& SeriesBook::SeriesOf(Group* group, const SampleKey& key) {
  if (group == nullptr || !group->shown) return OtherSeries(key);
  if (uint64_t* known = group->series.Find(key)) return *known;
  const bool full =
      shown_ >= shown_limit_ || (group != &host_group_ && group->series.size() >= share_);
  if (full) group->refused.insert(key);
  if (group->refused.contains(key)) return OtherSeries(key);
  ++shown_;
  return group->series.Add(key);
}

uint64_t& SeriesBook::OtherSeries(const SampleKey& key) {
  if (uint64_t* known = other_.series.Find(key)) return *known;
  // The last places are kept for one coarse series of each family.
  const bool full = other_.series.size() + kOwnedFamilies >= other_limit_;
  return other_.series.Add(full ? CoarseKey(key.family) : key);
}

void SeriesBook::ForEachSeries(const SeriesVisitor& visit) const {
  NameTexts texts;  // of this page: many containers have series of the same key
  const auto all = [&](const Group& group, bool owned) {
    const std::string owner = owned ? OwnerText(group.labels) : "";
    for (const auto& [key, value] : group.series) {
      const NameText& text = TextOf(key, texts);
      visit(key.family, {text.before, owner, text.after}, value);
    }
  };
  all(host_group_, true);
  all(other_, true);
  for (const auto& [labels, group] : groups_) all(*group, true);
  all(totals_, false);
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
