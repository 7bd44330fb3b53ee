#include "exporters/prometheus/series_book.h"

#include <algorithm>
#include <tuple>

// Who gets series of its own.
namespace nsobs {
namespace {

bool IsInitial(const SampleKey& key) {
  const auto keys = InitialKeys();
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

void SeriesBook::Weigh(size_t share, Candidate& candidate) {
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
  candidate.series = std::min(candidate.series + InitialKeys().size(), share);
}

void SeriesBook::Admit(Candidates candidates) {
  std::vector<Candidate*> order;
  for (auto& [group, candidate] : candidates) {
    Weigh(share_, candidate);
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
  group.series.Reserve(candidate.series);
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

}  // namespace nsobs
