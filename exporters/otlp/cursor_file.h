// The cursor in the storage folder, so that a restart goes on where sending had got to.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "exporters/otlp/cursor.h"

namespace nsobs {

inline constexpr char kOtlpCursorFile[] = "otlp-cursor.json";

// NOT_FOUND: nothing was sent from this folder yet; DATA_LOSS: the file is damaged.
absl::StatusOr<OtlpCursor> ReadCursor(const std::string& directory);

// Replaces the file as a whole: a crash leaves the old or the new one.
absl::Status WriteCursor(const std::string& directory, const OtlpCursor& cursor);

}  // namespace nsobs
