#include "userspace/main/top/keys.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace nsobs {
namespace {

constexpr char kEscapeByte = '\x1b';
constexpr size_t kLongest = 32;  // bytes of a sequence; a longer one is none

std::optional<KeyCode> Letter(char final) {
  switch (final) {
    case 'A':
      return KeyCode::kUp;
    case 'B':
      return KeyCode::kDown;
    case 'C':
      return KeyCode::kRight;
    case 'D':
      return KeyCode::kLeft;
    case 'H':
      return KeyCode::kHome;
    case 'F':
      return KeyCode::kEnd;
    case 'M':
      return KeyCode::kEnter;  // of the keypad
    default:
      return std::nullopt;
  }
}

std::optional<KeyCode> Editing(std::string_view parameters) {
  static constexpr auto kKeys =
      std::to_array<std::pair<std::string_view, KeyCode>>({{"1", KeyCode::kHome},
                                                           {"7", KeyCode::kHome},
                                                           {"4", KeyCode::kEnd},
                                                           {"8", KeyCode::kEnd},
                                                           {"5", KeyCode::kPageUp},
                                                           {"6", KeyCode::kPageDown}});
  for (const auto& [text, code] : kKeys) {
    if (parameters == text) return code;
  }
  return std::nullopt;
}

// A sequence at the front: its bytes (0: not complete) and what it means.
struct Sequence {
  size_t bytes = 0;
  std::optional<KeyCode> code;
};

Sequence FromEscape(std::string_view bytes) {
  if (bytes.size() < 2) return {};
  if (bytes[1] == 'O') {  // SS3
    return bytes.size() < 3 ? Sequence{} : Sequence{3, Letter(bytes[2])};
  }
  if (bytes[1] != '[') return {1, KeyCode::kEscape};
  const auto is_final = [](char c) { return c >= 0x40 && c <= 0x7e; };
  const auto end = std::find_if(bytes.begin() + 2, bytes.end(), is_final);
  if (end == bytes.end()) return bytes.size() > kLongest ? Sequence{bytes.size(), {}} : Sequence{};
  const std::string_view parameters = bytes.substr(2, static_cast<size_t>(end - bytes.begin()) - 2);
  const size_t size = static_cast<size_t>(end - bytes.begin()) + 1;
  return {size, *end == '~' ? Editing(parameters) : Letter(*end)};
}

std::optional<KeyCode> Control(char byte) {
  switch (byte) {
    case '\r':
    case '\n':
      return KeyCode::kEnter;
    case '\b':
    case '\x7f':
      return KeyCode::kBackspace;
    case '\x03':
      return KeyCode::kInterrupt;
    case '\x0c':
      return KeyCode::kRedraw;
    case '\x15':
      return KeyCode::kClearLine;
    case '\x1a':
      return KeyCode::kSuspend;
    default:
      return std::nullopt;
  }
}

size_t CharacterBytes(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
}

}  // namespace

std::vector<Key> TakeKeys(std::string* bytes, bool last) {
  std::vector<Key> keys;
  std::string_view rest = *bytes;
  while (!rest.empty()) {
    if (rest[0] == kEscapeByte) {
      Sequence sequence = FromEscape(rest);
      if (sequence.bytes == 0 && !last) break;
      if (sequence.bytes == 0) {
        sequence = {rest.size(), rest.size() == 1 ? std::optional(KeyCode::kEscape) : std::nullopt};
      }
      if (sequence.code) keys.push_back({*sequence.code, ""});
      rest.remove_prefix(sequence.bytes);
    } else if (static_cast<unsigned char>(rest[0]) < 0x20 || rest[0] == 0x7f) {
      if (const auto code = Control(rest[0])) keys.push_back({*code, ""});
      rest.remove_prefix(1);
    } else {
      const size_t size = CharacterBytes(rest[0]);
      if (size > rest.size() && !last) break;
      keys.push_back({KeyCode::kText, std::string(rest.substr(0, size))});
      rest.remove_prefix(std::min(size, rest.size()));
    }
  }
  *bytes = std::string(rest);
  return keys;
}

}  // namespace nsobs
