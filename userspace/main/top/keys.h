// What a person pressed, from the bytes that a terminal sends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nsobs {

enum class KeyCode : uint8_t {
  kText,  // a printable character, in `text`
  kUp,
  kDown,
  kPageUp,
  kPageDown,
  kHome,
  kEnd,
  kLeft,
  kRight,
  kEnter,
  kEscape,
  kBackspace,
  kClearLine,  // ^U
  kInterrupt,  // ^C
  kSuspend,    // ^Z
  kRedraw,     // ^L
};

struct Key {
  KeyCode code = KeyCode::kText;
  std::string text;  // one character, UTF-8
  friend bool operator==(const Key&, const Key&) = default;
};

// Takes what is complete from the front of `*bytes` and leaves the rest, which may be the beginning
// of a sequence. `last`: nothing more comes for now, so that a lone escape is the key. Sequences
// that mean nothing here are dropped (ECMA-48 5.4; the cursor and editing keys as xterm sends
// them).
std::vector<Key> TakeKeys(std::string* bytes, bool last);

}  // namespace nsobs
