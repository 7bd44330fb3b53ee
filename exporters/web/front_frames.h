// What front and daemon say to each other: one request, then one answer, as messages of
// userspace/base/seqpacket.h. The daemon takes nothing from the front on trust.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "exporters/web/request_head.h"

namespace nsobs {

struct FrontRequest {
  RequestHead head;
  bool last = false;  // the connection closes after the answer
};

inline constexpr size_t kMaxFrontRequestBytes = 3 * kMaxHeadBytes;
inline constexpr size_t kMaxFrontAnswerBytes = size_t{256} << 20;

std::string EncodeFrontRequest(const RequestHead& head, bool last);
// nullopt: no front of ours would say so.
std::optional<FrontRequest> DecodeFrontRequest(std::string_view bytes);

}  // namespace nsobs
