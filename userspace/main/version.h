// Which build this is.
#pragma once

namespace nsobs {

inline constexpr char kVersion[] = NSOBS_VERSION;    // "0.1.0"
inline constexpr char kRevision[] = NSOBS_REVISION;  // of the source; "unknown" unless given

}  // namespace nsobs
