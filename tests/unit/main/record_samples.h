// A snapshot record and findings that look like those of a real host.
#pragma once

#include <string>

#include "userspace/event/finding.h"
#include "userspace/main/json_field.h"
#include "userspace/main/stages.h"
#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

Json SampleRecord();
// The same with text in it that wants to steer a terminal.
Json HostileRecord();
// Whatever the shape: no field is what it should be.
Json MisshapenRecord();

Finding SampleFinding();

StoredFinding Stored(int64_t id, const Finding& finding, const Json& container, int64_t snapshot);
StoredSnapshot StoredRecord(int64_t id, const Json& record, const std::string& rule);

// Diagnoses what the test says, whatever the record.
Stages FakeStages(std::vector<Finding> findings);

}  // namespace nsobs
