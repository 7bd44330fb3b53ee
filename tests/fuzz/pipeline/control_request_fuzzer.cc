// Any bytes on the control socket: what is taken can be written down, whatever stands in it.
#include "userspace/pipeline/control_request.h"

#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "userspace/event/event_json.h"

namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxFindings = 100;
constexpr int64_t kNow = 1'700'000'000'000'000'000;

void Require(bool condition) {
  if (!condition) abort();
}

// As the timeline does it.
void Write(const nsobs::SnapshotRow& row) {
  Require(row.record.is_object() && row.findings.size() <= kMaxFindings);
  row.record.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (const nsobs::Finding& finding : row.findings) {
    Require(!finding.case_id.empty());
    nsobs::ToJson(finding, row.wall_ns, row.container_json)
        .dump(-1, ' ', false, Json::error_handler_t::replace);
  }
}

void Write(const nsobs::ObservedEvent& event) {
  Require(event.event.kind == nsobs::EventKind::kEntry);
  Require(event.event.boot_ns >= 0 && event.wall_ns <= event.last_wall_ns);
  nsobs::ToJson(event).dump();  // strict: all texts are valid UTF-8 by now
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  nsobs::ControlContext context;
  context.peer_pid = 4711;
  context.boot_ns = kNow / 1000;
  context.wall_ns = kNow;
  const auto request = nsobs::ParseControlRequest(text, context);
  if (request.ok()) std::visit([](const auto& taken) { Write(taken); }, *request);
  return 0;
}
