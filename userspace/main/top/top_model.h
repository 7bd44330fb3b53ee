// What `nsobserver top` has to say about a window of time: a row a container, worst first. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/main/top/top_store.h"

namespace nsobs {

// How much a container needs somebody. What was only entered works, as far as anybody knows.
enum class TopLevel : uint8_t { kQuiet, kEntered, kFailing, kLikely, kCertain };

enum class TopSort : uint8_t { kTrouble, kRecent, kFailures, kName };
inline constexpr size_t kTopSortCount = 4;
std::string_view Name(TopSort sort);  // "trouble", "last", "failures", "name"

// What ended longer ago than this stands below what is alive.
inline constexpr int64_t kTopNowNs = 60'000'000'000;

struct TopQuestion {
  int64_t now_wall_ns = 0;
  int64_t window_ns = 0;
  std::string filter = "";  // part of a name, id, runtime, image or case; case doesn't matter
  TopSort sort = TopSort::kTrouble;
};

struct TopRow {
  std::string owner;
  std::string label;
  TopLevel level = TopLevel::kQuiet;
  bool known = false;  // the timeline has a row of it; else it is only named by events
  TopContainer container;
  uint64_t failures = 0;  // events, runs counted in full
  size_t findings = 0;
  size_t strangers = 0;      // entries that its own engine did not make
  int64_t last_wall_ns = 0;  // when something of the above was last seen; 0: never
  std::string headline;
};

struct TopModel {
  std::vector<TopRow> rows;  // that pass the filter, sorted
  size_t filtered_out = 0;
  size_t containers = 0;      // before the filter; the host is none
  size_t in_trouble = 0;      // before the filter: failing or worse, the host left out
  size_t in_trouble_now = 0;  // of them: with something of the last minute
  uint64_t failures = 0;
  size_t findings = 0;
  size_t unseen = 0;  // losses and gaps in the window
};

// One container's part of the window; pointers into the store.
struct TopStory {
  std::vector<const TopEvent*> failures;    // newest first, as are the others
  std::vector<const TopEvent*> events;      // all but entries
  std::vector<const TopFinding*> findings;  // the worst first
  struct Entry {
    const TopEvent* event = nullptr;  // its newest
    std::vector<std::string> kinds;   // of all namespaces that this process came into
  };
  std::vector<Entry> entries;
};

TopLevel LevelOf(const TopFinding& finding);
TopModel BuildTopModel(const TopStore& store, const TopQuestion& question);
TopStory StoryOf(const TopStore& store, const std::string& owner, const TopQuestion& question);

}  // namespace nsobs
