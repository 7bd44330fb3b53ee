// nsobserver snapshots: the looks that the timeline keeps, one of them, or what changed between
// two.
#pragma once

#include <string>

#include "userspace/main/console.h"
#include "userspace/main/stages.h"
#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

struct SnapshotsOptions {
  enum class Action { kList, kShow, kDiff };
  Action action = Action::kList;
  RecordQuery query;  // of a list
  std::string a;      // show, diff: an id, or baseline:NAME
  std::string b;
  OutputFormat format = OutputFormat::kTable;
  std::string storage_path;
};

int SnapshotsCommand(const SnapshotsOptions& options, const Stages& stages, const Console& console);

// The parts, for tests.
int ListSnapshots(const SnapshotsOptions& options, TimelineReader& reader, const Console& console);
int ShowSnapshot(const SnapshotsOptions& options, TimelineReader& reader, const Console& console);
// kExitNothing if the two don't differ.
int DiffSnapshots(const SnapshotsOptions& options, TimelineReader& reader, const Stages& stages,
                  const Console& console);

}  // namespace nsobs
