// The reading side of the tables containers and namespaces.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "userspace/timeline/database.h"
#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

// In the order in which they were first seen. Fields that can't be decoded are left empty.
absl::StatusOr<std::vector<StoredContainer>> ReadContainers(Database* database);
absl::StatusOr<std::vector<StoredNamespace>> ReadNamespaces(Database* database);

}  // namespace nsobs
