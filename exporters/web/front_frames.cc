#include "exporters/web/front_frames.h"

#include <cstdint>

namespace nsobs {
namespace {

// One byte of flags, two of the credentials' length, credentials, head.
enum Flag : uint8_t { kClose = 1, kHasBody = 2, kGzip = 4, kLast = 8, kAllFlags = 15 };
constexpr size_t kFixedBytes = 3;

}  // namespace

std::string EncodeFrontRequest(const RequestHead& head, bool last) {
  const size_t length = head.authorization.size();  // bounded by kMaxHeadBytes
  std::string out;
  out.push_back(static_cast<char>((head.close ? kClose : 0) | (head.has_body ? kHasBody : 0) |
                                  (head.accepts_gzip ? kGzip : 0) | (last ? kLast : 0)));
  out.push_back(static_cast<char>(length & 0xFF));
  out.push_back(static_cast<char>(length >> 8));
  return out.append(head.authorization).append(head.text);
}

std::optional<FrontRequest> DecodeFrontRequest(std::string_view bytes) {
  if (bytes.size() < kFixedBytes || bytes.size() > kMaxFrontRequestBytes) return std::nullopt;
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t flags = at(0);
  const size_t length = static_cast<size_t>(at(1)) | static_cast<size_t>(at(2)) << 8;
  bytes.remove_prefix(kFixedBytes);
  if (length > bytes.size() || length > kMaxHeadBytes || flags > kAllFlags) return std::nullopt;
  FrontRequest out;
  // Through the same narrow door as a client's bytes: the HTTP library sees nothing else.
  const std::string_view text = bytes.substr(length);
  if (FindHeadEnd(text) != text.size()) return std::nullopt;
  std::optional<RequestHead> head = ReadHead(text);
  if (!head) return std::nullopt;
  out.head = *std::move(head);
  out.head.authorization = std::string(bytes.substr(0, length));
  out.head.close |= (flags & kClose) != 0;
  out.head.has_body |= (flags & kHasBody) != 0;
  out.last = (flags & kLast) != 0;
  return out;
}

}  // namespace nsobs
