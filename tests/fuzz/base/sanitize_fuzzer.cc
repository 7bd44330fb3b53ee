// Any bytes on their way out: what comes is UTF-8, moves no cursor, is within its bound, and what
// is clean already stays as it is.
#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "userspace/base/sanitize.h"

namespace {

constexpr size_t kLabelBytes = 128;

void Require(bool condition) {
  if (!condition) abort();
}

bool HasControl(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<uint8_t>(text[i]);
    if (c < 0x20 || c == 0x7F) return true;
    // U+0080 to U+009F, which some terminals obey.
    if (c == 0xC2 && i + 1 < text.size() && static_cast<uint8_t>(text[i + 1]) < 0xA0) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string text = nsobs::ToUtf8(bytes);
  Require(nsobs::ToUtf8(text) == text);
  const std::string shown = nsobs::ForTerminal(bytes);
  Require(!HasControl(shown) && nsobs::ForTerminal(shown) == shown);
  Require(nsobs::ToUtf8(shown) == shown);
  for (const size_t most : {size_t{0}, size_t{1}, size_t{7}, kLabelBytes}) {
    const std::string label = nsobs::ForLabel(bytes, most);
    Require(label.size() <= most && !HasControl(label));
    Require(nsobs::ToUtf8(label) == label && nsobs::ForLabel(label, most) == label);
  }
  return 0;
}
