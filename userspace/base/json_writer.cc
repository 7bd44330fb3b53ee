#include "userspace/base/json_writer.h"

#include <algorithm>

#include "userspace/base/sanitize.h"

namespace nsobs {
namespace {

constexpr size_t kUsualBytes = 2048;  // of an event

bool IsAscii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
}

}  // namespace

JsonWriter::JsonWriter() : buffer_(nullptr, kUsualBytes), writer_(buffer_) {}

void JsonWriter::Key(std::string_view key) {
  writer_.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
}

void JsonWriter::Valid(std::string_view text) {
  const char* bytes = text.empty() ? "" : text.data();  // which may be null then
  writer_.String(bytes, static_cast<rapidjson::SizeType>(text.size()));
}

void JsonWriter::Text(std::string_view bytes) {
  IsAscii(bytes) ? Valid(bytes) : Valid(ToUtf8(bytes));
}

void JsonWriter::Null() { writer_.Null(); }
void JsonWriter::Bool(bool value) { writer_.Bool(value); }
void JsonWriter::Signed(int64_t value) { writer_.Int64(value); }
void JsonWriter::Unsigned(uint64_t value) { writer_.Uint64(value); }

void JsonWriter::BeginObject() { writer_.StartObject(); }

void JsonWriter::BeginObject(std::string_view key) {
  Key(key);
  writer_.StartObject();
}

void JsonWriter::EndObject() { writer_.EndObject(); }

void JsonWriter::BeginArray(std::string_view key) {
  Key(key);
  writer_.StartArray();
}

void JsonWriter::EndArray() { writer_.EndArray(); }

void JsonWriter::Field(std::string_view key, std::string_view text) {
  Key(key);
  Text(text);
}

void JsonWriter::Field(std::string_view key, const std::optional<std::string>& text) {
  Key(key);
  text ? Text(*text) : Null();
}

void JsonWriter::KnownField(std::string_view key, std::string_view text) {
  Key(key);
  text.empty() ? Null() : Text(text);
}

void JsonWriter::NullField(std::string_view key) {
  Key(key);
  Null();
}

void JsonWriter::Item(std::string_view text) { Text(text); }

}  // namespace nsobs
