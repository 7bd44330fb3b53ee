// Any bytes as a record: they are refused, or give an event whose every value and text is usable.
#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "userspace/collector/decoder.h"
#include "userspace/event/event_json.h"

namespace {

void Require(bool condition) {
  if (!condition) abort();
}

bool IsDetailOf(nsobs::EventKind kind, const nsobs::EventDetail& detail) {
  switch (kind) {
    case nsobs::EventKind::kPacketDrop:
      return std::holds_alternative<nsobs::PacketDrop>(detail);
    case nsobs::EventKind::kBindFailure:
      return std::holds_alternative<nsobs::BindFailure>(detail);
    case nsobs::EventKind::kFileFailure:
      return std::holds_alternative<nsobs::FileFailure>(detail);
    case nsobs::EventKind::kDnsFailure:
      return std::holds_alternative<nsobs::DnsFailure>(detail);
    default:  // the others in order, up to the last that the kernel side tells
      return kind <= nsobs::EventKind::kProcessExit &&
             detail.index() + 1 == static_cast<size_t>(kind);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  absl::StatusOr<nsobs::Event> event = nsobs::DecodeEvent({data, size});
  if (!event.ok()) {
    Require(event.status().code() == absl::StatusCode::kInvalidArgument);
    return 0;
  }
  Require(event->epoch <= 1);
  // The variant must be the kind's: everything behind this one relies on it.
  Require(IsDetailOf(event->kind, event->detail));
  nsobs::ObservedEvent observed;
  observed.event = *std::move(event);
  Require(!nsobs::ToJson(observed).dump().empty());  // throws if a text is not UTF-8
  return 0;
}
