// Which rows of `containers` a person means.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "userspace/timeline/database.h"

namespace nsobs {

struct ContainerFilter {
  bool host = false;          // then `refs` is empty
  std::vector<int64_t> refs;  // ascending
};

// `text` is, tried in this order, "host", a full id, a name, "pod/container" (also with the pod's
// namespace before it), or a prefix of an id. A name may have belonged to several containers, one
// after the other, and means all of them; a prefix must mean one id. NOT_FOUND; INVALID_ARGUMENT
// names the candidates of an ambiguous prefix, fit for a terminal.
absl::StatusOr<ContainerFilter> ResolveContainer(Database* database, const std::string& text);

}  // namespace nsobs
