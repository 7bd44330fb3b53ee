#include "userspace/main/json_out.h"

#include "absl/strings/str_format.h"
#include "userspace/base/sanitize.h"

namespace nsobs {
namespace {

// Well-formed UTF-8 only: what base's ForTerminal() escapes beyond ASCII is at most three bytes.
uint32_t CodePoint(std::string_view character) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(character[i]); };
  if (character.size() == 1) return at(0);
  if (character.size() == 2) return (at(0) & 0x1Fu) << 6 | (at(1) & 0x3Fu);
  return (at(0) & 0x0Fu) << 12 | (at(1) & 0x3Fu) << 6 | (at(2) & 0x3Fu);
}

size_t Length(char lead) {
  const auto byte = static_cast<uint8_t>(lead);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

}  // namespace

std::string SafeJson(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const std::string_view character = json.substr(0, Length(json[0]));
    json.remove_prefix(character.size());
    // Printable ASCII is most of it; the sanitizer decides about the rest.
    const bool plain = character.size() == 1 && character[0] >= 0x20 && character[0] < 0x7F;
    if (plain || character.size() == 4 || ForTerminal(character) == character) {
      out.append(character);
    } else {
      out += absl::StrFormat("\\u%04x", CodePoint(character));
    }
  }
  return out;
}

void JsonWriter::AddLine(std::string_view json_line) {
  if (format_ == OutputFormat::kJson) out_ << (empty_ ? "[\n  " : ",\n  ");
  empty_ = false;
  out_ << SafeJson(json_line);
  if (format_ == OutputFormat::kJsonLines) out_ << '\n';
}

void JsonWriter::Add(const Json& object) {
  AddLine(object.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void JsonWriter::Finish() {
  if (format_ == OutputFormat::kJson) out_ << (empty_ ? "[]\n" : "\n]\n");
}

}  // namespace nsobs
