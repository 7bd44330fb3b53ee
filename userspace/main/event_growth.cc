#include "userspace/main/event_growth.h"

#include <algorithm>

#include "userspace/main/human_text.h"
#include "userspace/main/json_field.h"

namespace nsobs {
namespace {

constexpr size_t kRemembered = 4096;
// Rows are written up to a second after what they tell of.
constexpr int64_t kMarginNs = 5'000'000'000;

int64_t CountOf(const Json& event) { return Number(event, "count").value_or(1); }

}  // namespace

void EventGrowth::Note(const StoredEvent& event) {
  const Json json = Json::parse(event.json, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return;
  counts_[event.id] = CountOf(json);
  last_wall_ns_ = std::max(last_wall_ns_, ParseRfc3339(Text(json, "last_time")).value_or(0));
  if (counts_.size() > kRemembered) counts_.erase(counts_.begin());
}

bool EventGrowth::Grew(const StoredEvent& event) {
  const auto known = counts_.find(event.id);
  if (known == counts_.end()) return false;
  const int64_t before = known->second;
  Note(event);
  const auto now = counts_.find(event.id);
  return now != counts_.end() && now->second > before;
}

bool EventGrowth::Narrow(EventQuery* all) const {
  if (counts_.empty()) return false;
  all->after_id = counts_.begin()->first - 1;
  all->since_wall_ns = std::max(all->since_wall_ns.value_or(0), last_wall_ns_ - kMarginNs);
  return true;
}

}  // namespace nsobs
