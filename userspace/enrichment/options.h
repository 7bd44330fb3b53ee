// What may be set about asking container engines.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace nsobs {

struct EnrichmentOptions {
  std::string ask;          // "auto" or "off"
  absl::Duration deadline;  // of one request, from connecting to the last byte
  absl::Duration refresh;   // after this time an answer that may change is asked for again
};

}  // namespace nsobs
