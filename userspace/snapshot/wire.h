// What the observer, the helper and its children say to each other. All three are one program, so
// there are no versions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "userspace/snapshot/request.h"

namespace nsobs {

// A request as one message; longer ones are refused. CBOR, not JSON text, because paths are raw
// bytes.
inline constexpr size_t kMaxRequestBytes = 128 << 10;
inline constexpr size_t kMaxPeers = 64;
inline constexpr size_t kMaxMates = 8;

struct WireRequest {
  uint64_t serial = 0;  // an answer names it
  bool has_net_fd = false;
  SnapshotRequest request;
};

// INVALID_ARGUMENT: too many peers, or too long altogether. `net_fd` travels beside it.
absl::StatusOr<std::string> EncodeRequest(const WireRequest& request);
absl::StatusOr<WireRequest> DecodeRequest(std::string_view bytes);

// How a child ended.
enum class Outcome : int32_t {
  kDone,     // it wrote all that it had to say
  kDied,     // ended early: detail is its wait status
  kKilled,   // at the deadline
  kStuck,    // at the deadline, and it hangs in the kernel still
  kRefused,  // none was begun: too many hang, or one that looks at this target
  kFailed,   // none was begun: detail is an errno
};

struct WireReply {
  uint64_t serial = 0;
  Outcome outcome = Outcome::kDone;
  int32_t detail = 0;
  uint32_t stuck = 0;  // children that hang
  // kStuck: it waits for the lock of all network namespaces (RTNL), whoever holds that.
  bool awaits_networks = false;
};

// "net" as in the record.
std::string_view SectionName(Section section);

}  // namespace nsobs
