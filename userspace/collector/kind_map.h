// Numbers of kinds: the kernel side's (bpf/event_abi.h) and the timeline's. Up to 7 they are the
// same. From 8 on they are not: the timeline had given those numbers to events made in userspace
// before the kernel side needed them, and what a database holds is never renumbered.
#pragma once

#include <cstdint>

#include "bpf/event_abi.h"
#include "userspace/event/event.h"

namespace nsobs {

constexpr EventKind EventKindOf(uint32_t kernel_kind) {
  switch (kernel_kind) {
    case NSOBS_KIND_PACKET_DROP:
      return EventKind::kPacketDrop;
    case NSOBS_KIND_BIND_FAILURE:
      return EventKind::kBindFailure;
    case NSOBS_KIND_FILE_FAILURE:
      return EventKind::kFileFailure;
    case NSOBS_KIND_DNS_FAILURE:
      return EventKind::kDnsFailure;
    default:  // what is no kind at all is refused by the decoder and counted as malformed
      return static_cast<EventKind>(kernel_kind);
  }
}

// Of kinds that the kernel side tells; others have no number there.
constexpr uint32_t KernelKindOf(EventKind kind) {
  if (kind == EventKind::kPacketDrop) return NSOBS_KIND_PACKET_DROP;
  if (kind == EventKind::kBindFailure) return NSOBS_KIND_BIND_FAILURE;
  if (kind == EventKind::kFileFailure) return NSOBS_KIND_FILE_FAILURE;
  if (kind == EventKind::kDnsFailure) return NSOBS_KIND_DNS_FAILURE;
  return static_cast<uint32_t>(kind);
}

}  // namespace nsobs
