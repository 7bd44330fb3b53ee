// nsobserver events: what the timeline holds, whether or not the daemon runs.
#pragma once

#include <string>

#include "absl/functional/function_ref.h"
#include "userspace/main/console.h"
#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

struct EventsOptions {
  EventQuery query;  // limit and after_id are set here, not by the caller
  size_t limit = 0;  // the newest so many; 0: all
  bool limit_is_default = false;
  bool follow = false;
  OutputFormat format = OutputFormat::kTable;
  std::string storage_path;
};

// Opens the timeline and shows; follows until SIGINT, SIGTERM or until nobody reads any more.
// Blocks these signals in the calling thread and ignores SIGPIPE, for as long as it follows.
int EventsCommand(const EventsOptions& options, const Console& console);

// The parts, for tests. `wait` returns false to end; it is called before each look.
int ShowEvents(const EventsOptions& options, TimelineReader& reader, const Console& console);
int FollowEvents(const EventsOptions& options, TimelineReader& reader, const Console& console,
                 absl::FunctionRef<bool()> wait);

}  // namespace nsobs
