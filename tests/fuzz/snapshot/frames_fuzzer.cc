// Any bytes from a child: the record has the form that its readers count on, can be made to fit and
// written down.
#include "userspace/snapshot/frames.h"

#include <stdlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

using nsobs::SectionJson;

constexpr size_t kSmall = 2048;

void Require(bool condition) {
  if (!condition) abort();
}

std::string Dump(const SectionJson& json) {
  return json.dump(-1, ' ', false, SectionJson::error_handler_t::replace);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  nsobs::Gathered gathered = nsobs::GatherFrames(bytes);
  Require(gathered.record.is_object());
  Require(gathered.record["errors"].is_array() && gathered.record["truncated"].is_array());
  Dump(gathered.record);
  nsobs::FitRecord(kSmall, &gathered.record);
  Require(gathered.record.is_object() && gathered.record["truncated"].is_array());
  return 0;
}
