// The screens of `nsobserver top`. Pure: from what is known to styled lines of a given size.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "userspace/main/top/frame.h"
#include "userspace/main/top/top_model.h"
#include "userspace/main/top/top_state.h"

namespace nsobs {

// All that a drawing depends on. What it points to outlives it.
struct TopScene {
  const TopStore* store = nullptr;
  const TopModel* model = nullptr;
  TopQuestion question;
  const TopState* state = nullptr;
  FrameSize size;
  absl::TimeZone zone;
  int64_t now_wall_ns = 0;  // the question's is when it was paused
  std::string note;         // about the reading itself; "": none
};

struct TopDrawing {
  Frame frame;  // as many lines as the screen has
  TopExtent extent;
};

// How many rows of the list the screen has room for.
size_t TopListRows(const TopScene& scene);

TopDrawing DrawTop(const TopScene& scene);

// The parts, in files of their own.
std::vector<FrameLine> TopHeader(const TopScene& scene);
FrameLine TopFooter(const TopScene& scene);
// What happened to a container, what is wrong, who entered; nullptr: it has gone.
std::vector<FrameLine> TopStoryLines(const TopScene& scene, const TopRow* row);
// As much of it as `room` lines hold, or a little more: the newest and the worst.
std::vector<FrameLine> TopShortStory(const TopScene& scene, const TopRow& row, size_t room);
std::vector<FrameLine> TopHelpLines(int columns);

// "running", "exited", "running?" when nobody watches, "-" of the host, "?" if not known.
std::string TopStateText(const TopScene& scene, const TopRow& row);
// True if the observer was heard of a moment ago.
bool ObserverRuns(const TopScene& scene);

// "2s", "9m", "3h", "4d".
std::string AgeText(int64_t age_ns);
// "999", "12k", "3M".
std::string ShortCount(uint64_t count);

}  // namespace nsobs
