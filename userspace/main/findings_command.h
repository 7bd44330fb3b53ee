// nsobserver findings: what is wrong, as the timeline keeps it, whether or not the daemon runs.
#pragma once

#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "userspace/main/console.h"
#include "userspace/main/stages.h"
#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

struct FindingsOptions {
  enum class Action { kList, kShow, kReplay };
  Action action = Action::kList;
  RecordQuery query;  // of a list; limit and after_id are set here, not by the caller
  size_t limit = 0;   // the newest so many; 0: all
  bool limit_is_default = false;
  bool follow = false;
  int64_t id = 0;           // show, replay
  std::string record_file;  // replay: a record instead of the stored one
  OutputFormat format = OutputFormat::kTable;
  std::string storage_path;
};

int FindingsCommand(const FindingsOptions& options, const Stages& stages, const Console& console);

// The parts, for tests. `wait` returns false to end; it is called before each look.
int ListFindings(const FindingsOptions& options, TimelineReader& reader, const Console& console);
int FollowFindings(const FindingsOptions& options, TimelineReader& reader, const Console& console,
                   absl::FunctionRef<bool()> wait);
int ShowFinding(const FindingsOptions& options, TimelineReader& reader, const Console& console);
int ReplayFinding(const FindingsOptions& options, TimelineReader& reader, const Stages& stages,
                  const Console& console);

}  // namespace nsobs
