// Which series exist, and what each has counted: the double-entry book behind the exporter.
//
// At each look every count is compared with what it was at the look before, and the increase is
// added to exactly one series: that of its owner, or that of "(other)". So no series ever goes
// down, none counts twice, and the last values of all series that were ever shown sum up to what
// was counted, whatever the budget folds and whoever dies. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "exporters/prometheus/owner_labels.h"
#include "exporters/prometheus/sample.h"
#include "exporters/prometheus/series_list.h"
#include "userspace/event/metrics_snapshot.h"

namespace nsobs {

// What a series reads like, in parts that follow one another: SeriesText() in one piece is not
// kept, for it would be most of what a container costs. Valid during the call that hands it out.
struct SeriesName {
  std::string_view before;  // `name{`
  std::string_view owner;   // `container="web",...`
  std::string_view after;   // `,errno="ECONNREFUSED"}`
};

class SeriesBook {
 public:
  // `max_series` bounds the series that carry a container, "(other)" and info series included.
  explicit SeriesBook(size_t max_series);

  // Takes in a snapshot. Containers that it shows as dead are in the book until the next look.
  void Look(const MetricsSnapshot& snapshot);

  using SeriesVisitor = std::function<void(Family, const SeriesName&, uint64_t value)>;
  void ForEachSeries(const SeriesVisitor& visit) const;
  // Containers that have an info series, ordered by their labels, no two equal.
  void ForEachInfo(const std::function<void(const OwnerLabels&, const Container&)>& visit) const;

  size_t max_series() const { return max_series_; }
  size_t owned_series() const { return shown_ + other_.series.size(); }
  size_t alive() const { return alive_; }    // containers, as of the last look
  size_t folded() const { return folded_; }  // containers that are part of "(other)"

 private:
  // All containers of equal labels, or the host.
  struct Group {
    explicit Group(OwnerLabels l, bool s = false) : labels(std::move(l)), shown(s) {}

    OwnerLabels labels;
    bool shown = false;  // decided once: sticky while one of its containers is there
    size_t members = 0;
    size_t joined = 0;  // members that it ever had
    SeriesList series;
    absl::flat_hash_set<SampleKey> refused;  // counted in "(other)": sticky too
  };

  struct Total {
    uint64_t counted = 0;  // already in the book
    uint64_t now = 0;
    uint64_t look = 0;
  };

  // One life of a container, the host, or the kernel's overflow entry. A container that is started
  // again under its old id (docker restart), or a namespace with a reused inode, is a new member:
  // its counts begin anew.
  struct Member {
    ContainerRef container;
    Group* group = nullptr;  // nullptr: its increases go to "(other)"
    uint64_t look = 0;
    bool last_shown = false;  // was dead when it was shown: gone from the next look on
    bool gone = false;
    bool info = false;
    uint64_t in_flight = 0;
    absl::flat_hash_map<SampleKey, Total> totals;
  };

  // A group that is new in this look and asks for room.
  struct Candidate {
    Group* group = nullptr;
    std::vector<Member*> members;
    uint64_t counted = 0;
    int64_t born_boot_ns = INT64_MAX;
    size_t series = 0;
    bool alive = false;
  };
  using Candidates = std::map<Group*, Candidate>;

  // series_owners.cc: who is who.
  static bool IsDead(const Container& container) { return container.died_boot_ns != 0; }
  Member& MemberOf(const ContainerRef& container);
  Member& FindOrMake(const ContainerRef& container);
  void ForEachMember(const std::function<void(Member&)>& visit);
  void CollectContainers(const MetricsSnapshot& snapshot);
  void Rename(Member& member, const OwnerLabels& labels);
  void Retire(Member& member);
  void DropAbsent();
  Candidates Regroup();
  void Join(Member& member, Candidates& candidates);
  void DropEmptyGroups();

  // series_budget.cc: who gets series of its own.
  static void Weigh(size_t share, Candidate& candidate);
  void Admit(Candidates candidates);
  void Show(const Candidate& candidate);
  void GiveInfo(Member& member);

  // series_book.cc: what is counted where.
  void CollectCounts(const MetricsSnapshot& snapshot);
  void ResetGauges();
  void CountIncreases();
  void Count(Member& member);
  uint64_t& SeriesOf(Group* group, const SampleKey& key);
  uint64_t& OtherSeries(const SampleKey& key);

  const size_t max_series_;
  const size_t other_limit_;  // of max_series_, set apart so that "(other)" always has room
  const size_t shown_limit_;
  const size_t share_;  // what one container may have
  uint64_t look_ = 0;
  size_t shown_ = 0;
  size_t alive_ = 0;
  size_t folded_ = 0;

  Group host_group_;
  Group other_;
  Group totals_;  // families without an owner
  Member host_;
  Member overflow_;
  std::map<OwnerLabels, std::unique_ptr<Group>> groups_;
  absl::flat_hash_map<std::string, std::vector<std::unique_ptr<Member>>> members_;  // runtime, id
  absl::flat_hash_map<const Container*, Member*> by_pointer_;                       // of this look
};

}  // namespace nsobs
