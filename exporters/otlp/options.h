// What may be set about sending the timeline to an OTLP server.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace nsobs {

struct OtlpOptions {
  std::string endpoint;               // "https://host:4318/v1/logs"; "" : nothing is sent
  std::string headers_file;           // lines "Name: value"; "" : none
  std::string ca_file;                // PEM; "" : the system's
  std::string cert_file, key_file;    // PEM, of the client; "" : none
  std::string compression;            // "gzip" or "none"
  absl::Duration timeout;             // of one request
  absl::Duration interval;            // between two looks for new rows
  absl::Duration rewind;              // acknowledgements younger than this are not trusted
  std::vector<std::string> resource;  // "key=value", added to the resource attributes
};

}  // namespace nsobs
