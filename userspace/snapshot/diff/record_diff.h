// What changed between two snapshot records of one target. Pure.
#pragma once

#include <nlohmann/json.hpp>

namespace nsobs {

// [{"section", "what": "added|removed|changed", "path", "before", "after", "text"}], in the order
// of the record. `path` is where it stands: a JSON pointer to the list or object, and for a row its
// key behind it. `before` is absent for what was added, `after` for what was removed; of a changed
// row both hold only the fields that differ. `text` is one line: "route default via 10.88.0.1 dev
// eth0 is gone".
//
// Left out: what moves all the time (counters, free space, states of running processes, ids that
// are new with each start), and what only one of the records has: it was not asked for, or could
// not be read.
nlohmann::ordered_json DiffRecords(const nlohmann::ordered_json& before,
                                   const nlohmann::ordered_json& after);

}  // namespace nsobs
