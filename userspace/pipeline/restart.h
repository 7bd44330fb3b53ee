// Going on where a predecessor stopped that shared the kernel's programs, maps and rings with us.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "userspace/collector/probe_set.h"
#include "userspace/collector/ring_reader.h"
#include "userspace/pipeline/barrier.h"
#include "userspace/pipeline/mark_facts.h"
#include "userspace/pipeline/timeline_writer.h"
#include "userspace/timeline/timeline.h"

namespace nsobs {

// What the predecessor had committed, if it was of the same loading; else nothing (no id).
LeftMark ReadLeftMark(Timeline* timeline, const std::string& id);

// Its rows go on to be extended by what the kernel's runs still count. Nothing of it has started.
void TakeRunsOver(const LeftMark& left, RingReader* ring, Timeline* timeline,
                  TimelineWriter* writer);

// What of the tallies is the predecessor's: all that is neither on a ring nor to be taken of a run.
// Exact, since each of the two epochs is closed for it and its last program has run. Some ten ms.
// `losses`: the kernel's so far. `ring` has not started.
absl::StatusOr<LedgerBase> MeasureBase(const LeftMark& left, const std::vector<OwnerLoss>& losses,
                                       ProbeSet* probes, RingReader* ring);

}  // namespace nsobs
