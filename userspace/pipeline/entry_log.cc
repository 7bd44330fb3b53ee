#include "userspace/pipeline/entry_log.h"

#include <algorithm>

#include "userspace/base/clock.h"
#include "userspace/event/event_json.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kContainers = 256;
constexpr size_t kOthers = 4;
constexpr size_t kEngines = 2;

}  // namespace

void EntryLog::Add(const ObservedEvent& event) {
  const auto* change = std::get_if<NamespaceChange>(&event.event.detail);
  if (change == nullptr || !event.entry || event.entry->before_start || event.peer == nullptr ||
      change->error != 0) {
    return;
  }
  const Container& into = *event.peer;
  Of of{into.runtime, into.id, {}, {}};
  const auto known = std::find_if(containers_.begin(), containers_.end(), [&](const Of& o) {
    return o.id == into.id && o.runtime == into.runtime;
  });
  if (known != containers_.end()) {
    of = std::move(*known);
    containers_.erase(known);
  } else if (containers_.size() >= kContainers) {
    containers_.erase(containers_.begin());
  }
  const bool engine = event.entry->by == Entry::By::kEngine;
  std::vector<CameIn>& list = engine ? of.engines : of.others;
  if (!list.empty() && list.back().event.event.process.key() == event.event.process.key()) {
    list.back().kinds |= change->changed;
  } else {
    if (list.size() >= (engine ? kEngines : kOthers)) list.erase(list.begin());
    list.push_back({event, change->changed});
  }
  containers_.push_back(std::move(of));
}

Json EntryLog::Since(const Container& container, int64_t since_boot_ns) const {
  const auto of = std::find_if(containers_.begin(), containers_.end(), [&](const Of& o) {
    return o.id == container.id && o.runtime == container.runtime;
  });
  Json out = Json::array();
  if (of == containers_.end()) return out;
  std::vector<const CameIn*> all;
  for (const CameIn& one : of->others) all.push_back(&one);
  for (const CameIn& one : of->engines) all.push_back(&one);
  std::sort(all.begin(), all.end(), [](const CameIn* a, const CameIn* b) {
    return a->event.event.boot_ns < b->event.event.boot_ns;
  });
  for (const CameIn* one : all) {
    const ObservedEvent& event = one->event;
    if (event.event.boot_ns < since_boot_ns) continue;
    Json kinds = Json::array();
    for (const NamespaceKind kind : kNamespaceKinds) {
      if (one->kinds >> static_cast<int>(kind) & 1) kinds.push_back(Name(kind));
    }
    out.push_back({{"time", FormatRfc3339(event.wall_ns)},
                   {"boot_ns", event.event.boot_ns},
                   {"by", Name(event.entry->by)},
                   {"kinds", std::move(kinds)},
                   {"process", ToJson(event.event.process)},
                   {"entered_from", ToJson(event.entered_from)}});
  }
  return out;
}

}  // namespace nsobs
