#include "userspace/collector/dns_question.h"

#include <cstddef>

namespace nsobs {
namespace {

constexpr size_t kMaxLabel = 63;

void AppendLabel(absl::Span<const uint8_t> label, std::string* out) {
  if (!out->empty()) out->push_back('.');
  for (const uint8_t byte : label) {
    if (byte == '.' || byte == '\\') out->push_back('\\');
    out->push_back(static_cast<char>(byte));
  }
}

}  // namespace

DnsQuestion ReadDnsQuestion(absl::Span<const uint8_t> bytes) {
  DnsQuestion out;
  size_t at = 0;
  while (at < bytes.size()) {
    const size_t size = bytes[at++];
    if (size == 0) {
      out.whole = true;
      break;
    }
    if (size > kMaxLabel) return out;
    AppendLabel(bytes.subspan(at, size), &out.name);
    at += size;
  }
  if (!out.whole) return out;
  if (out.name.empty()) out.name.push_back('.');
  if (bytes.size() >= at + 2) out.type = static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
  return out;
}

}  // namespace nsobs
