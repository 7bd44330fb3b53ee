// The question of a DNS query as the kernel side copied it off the wire: hostile bytes.
#pragma once

#include <cstdint>
#include <string>

#include "absl/types/span.h"

namespace nsobs {

struct DnsQuestion {
  std::string name;    // labels with dots between; "." is the root; raw bytes otherwise
  bool whole = false;  // false: the bytes end within the name
  uint16_t type = 0;   // 0: the bytes end before it
};

// RFC 1035 4.1.2: QNAME, QTYPE, QCLASS. Without compression, which a query has no use for: the
// name ends where a label is none. A dot or a backslash inside of a label gets a backslash before.
DnsQuestion ReadDnsQuestion(absl::Span<const uint8_t> bytes);

}  // namespace nsobs
