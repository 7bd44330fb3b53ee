// Rows of the timeline as OTLP log records: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "exporters/otlp/attributes.h"

namespace nsobs {

enum class OtlpKind : uint8_t { kEvent, kFinding, kSnapshot };
inline constexpr OtlpKind kOtlpKinds[] = {OtlpKind::kEvent, OtlpKind::kFinding,
                                          OtlpKind::kSnapshot};
std::string_view Name(OtlpKind kind);  // "event", "finding", "snapshot"

// `json` is what the reader of the timeline gives: the contract's object of an event or finding, or
// the head of a snapshot. nullopt if it isn't one. `host_id` makes the uid the host's own.
std::optional<OtlpRecord> MakeOtlpRecord(OtlpKind kind, std::string_view json,
                                         const std::string& host_id);

// The same for a row however often it is sent, and for no other row of any host: of the host's id,
// the kind, the row's id and its first time. 32 hexadecimal digits.
std::string RecordUid(const std::string& host_id, OtlpKind kind, int64_t id, std::string_view time);

}  // namespace nsobs
