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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  absl::StatusOr<nsobs::Event> event = nsobs::DecodeEvent({data, size});
  if (!event.ok()) {
    Require(event.status().code() == absl::StatusCode::kInvalidArgument);
    return 0;
  }
  Require(event->kind >= nsobs::EventKind::kNamespaceChange &&
          event->kind <= nsobs::EventKind::kProcessExit && event->epoch <= 1);
  // The variant must be the kind's: everything behind this one relies on it.
  Require(event->detail.index() + 1 == static_cast<size_t>(event->kind));
  nsobs::ObservedEvent observed;
  observed.event = *std::move(event);
  Require(!nsobs::ToJson(observed).dump().empty());  // throws if a text is not UTF-8
  return 0;
}
