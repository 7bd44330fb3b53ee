#include "userspace/pipeline/name_wait.h"

#include <algorithm>
#include <set>
#include <utility>

namespace nsobs {
namespace {

// Each pass looks at each: a flood shall not make that long. It is told as it is.
constexpr size_t kMost = 1024;

ObservedEvent& EventOf(NameWait::Held& held) { return std::get<TimelineRow>(held.item.item).event; }

}  // namespace

bool NameWait::Hold(WriteItem& item) {
  if (held_.size() >= kMost) return false;
  held_.push_back({std::move(item), {}, false});
  return true;
}

bool NameWait::Hold(const RunExtension& extension) {
  Held* held = FindRun(extension.run_id);
  if (held == nullptr) return false;
  held->extensions.push_back(extension);
  return true;
}

bool NameWait::HoldEnd(uint64_t run_id) {
  Held* held = FindRun(run_id);
  if (held == nullptr) return false;
  held->run_ended = true;
  return true;
}

NameWait::Held* NameWait::FindRun(uint64_t run_id) {
  if (run_id == 0) return nullptr;
  const auto found = std::ranges::find_if(held_, [run_id](const Held& held) {
    return std::get<TimelineRow>(held.item.item).run_id == run_id;
  });
  return found == held_.end() ? nullptr : &*found;
}

std::vector<NameWait::Held> NameWait::Take(int64_t now_boot_ns, bool all) {
  const int64_t old_boot_ns = now_boot_ns - absl::ToInt64Nanoseconds(kNamePatience);
  std::vector<Held> out, left;
  // One event of each that are about the same two is asked for.
  std::set<std::pair<const Container*, const Container*>> nameless;
  for (Held& held : held_) {
    ObservedEvent& before = EventOf(held);
    const std::pair whose(before.container.get(), before.peer.get());
    const bool old = all || before.event.boot_ns <= old_boot_ns;
    if (!old && nameless.contains(whose)) {
      left.push_back(std::move(held));
      continue;
    }
    ObservedEvent now = observe_again_(before.event);
    const bool waits = now.awaits_name && !old;
    if (waits) nameless.insert(whose);
    now.wall_ns = before.wall_ns;  // the clock may have been set meanwhile
    now.last_wall_ns = before.last_wall_ns;
    before = std::move(now);
    (waits ? left : out).push_back(std::move(held));
  }
  held_ = std::move(left);
  return out;
}

}  // namespace nsobs
