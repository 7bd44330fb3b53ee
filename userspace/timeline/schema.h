// What is in the file, by version. The words for people are in userspace/README.md.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "userspace/timeline/database.h"

namespace nsobs {

// "nsob": says that an SQLite file is ours (PRAGMA application_id).
inline constexpr int64_t kApplicationId = 0x6e736f62;

// One step of the way from an empty file to today's: brings version-1 to `version`.
struct SchemaStep {
  int64_t version = 0;
  const char* sql = nullptr;
};

// Ascending and without holes from 1. A released step is never changed; a new one is added.
absl::Span<const SchemaStep> SchemaSteps();

inline int64_t LatestVersion(absl::Span<const SchemaStep> steps) { return steps.back().version; }

enum class FileKind {
  kEmpty,   // a new file, or one whose making was interrupted
  kOurs,    // of a version that we can read or bring up to date
  kNewer,   // written by a newer version: not to be touched
  kForeign  // somebody else's
};

// Reads only the header and `meta`. DATA_LOSS if even these are damaged.
absl::StatusOr<FileKind> Classify(Database* database, absl::Span<const SchemaStep> steps);

// Runs the steps that are missing, each in a transaction of its own.
absl::Status Migrate(Database* database, absl::Span<const SchemaStep> steps);

// A structural check that is given up after `limit`: a large file can't delay the start.
// DATA_LOSS if something is wrong; so is a page that can't be read twice.
absl::Status QuickCheck(Database* database, absl::Duration limit);

}  // namespace nsobs
