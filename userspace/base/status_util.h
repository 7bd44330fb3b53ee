// Errors are absl::Status values; these make them from errno and pass them on.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace nsobs {

// `what` and the text of `error` (a positive errno), with the nearest canonical code.
absl::Status ErrnoStatus(int error, std::string_view what);

// The same status with "`what`: " put before its message. OK stays OK.
absl::Status Annotate(const absl::Status& status, std::string_view what);

// "ECONNREFUSED" for 111; "errno 4095" for what the C library has no name for; "" for 0.
std::string ErrnoName(int error);

// "SIGTERM" for 15, "SIGRTMIN+2" for 36.
std::string SignalName(int signal);

}  // namespace nsobs

#define NSOBS_RETURN_IF_ERROR(expr)                \
  do {                                             \
    absl::Status nsobs_status_ = (expr);           \
    if (!nsobs_status_.ok()) return nsobs_status_; \
  } while (false)

#define NSOBS_CONCAT_INNER(a, b) a##b
#define NSOBS_CONCAT(a, b) NSOBS_CONCAT_INNER(a, b)
#define NSOBS_ASSIGN_OR_RETURN(lhs, expr)                                                         \
  auto NSOBS_CONCAT(nsobs_or_, __LINE__) = (expr);                                                \
  if (!NSOBS_CONCAT(nsobs_or_, __LINE__).ok()) return NSOBS_CONCAT(nsobs_or_, __LINE__).status(); \
  lhs = std::move(NSOBS_CONCAT(nsobs_or_, __LINE__)).value()
