// An OTLP request around log records, and what the server says to it: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporters/otlp/records.h"
#include "opentelemetry/proto/resource/v1/resource.pb.h"

namespace nsobs {

// Who sends: the same in all of its requests.
struct OtlpSender {
  std::string version;                                    // of nsobserver
  std::string host_name;                                  // uname -n
  std::string host_id;                                    // /etc/machine-id
  std::vector<std::pair<std::string, std::string>> more;  // these win over ours
};

// The bytes of an ExportLogsServiceRequest (collector/logs/v1) with all of `records`.
std::string MakeOtlpRequest(const OtlpSender& sender, std::vector<OtlpRecord> records);

struct OtlpAnswer {
  uint64_t rejected = 0;  // records that the server doesn't want, and never will
  std::string message;    // its own words; "" for none
};

// Of the body of a 200; nullopt if it isn't an ExportLogsServiceResponse. Servers that say nothing,
// or answer in JSON what was asked in protobuf, accepted all.
std::optional<OtlpAnswer> ReadOtlpAnswer(std::string_view content_type, std::string_view body);

// Compressed as gzip (RFC 1952).
std::string Gzip(std::string_view bytes);

}  // namespace nsobs
