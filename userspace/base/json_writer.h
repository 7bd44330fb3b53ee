// JSON as it is written, field by field: no tree is built, which for an event would cost more than
// all else that the timeline does with it.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace nsobs {

// What was begun has to be ended, and within an object everything has a key; then what comes out is
// JSON and valid UTF-8, whatever bytes went in. Used by one thread.
class JsonWriter {
 public:
  JsonWriter();

  void BeginObject();
  void BeginObject(std::string_view key);
  void EndObject();
  void BeginArray(std::string_view key);
  void EndArray();

  template <std::integral T>
  void Field(std::string_view key, T value) {
    Key(key);
    Number(value);
  }
  // Of a number, where 0 says that it is not known.
  template <std::integral T>
  void KnownField(std::string_view key, T value) {
    Key(key);
    value == 0 ? Null() : Number(value);
  }
  template <std::integral T>
  void Field(std::string_view key, const std::optional<T>& value) {
    Key(key);
    value ? Number(*value) : Null();
  }
  // Any bytes; what is not UTF-8 comes out as by ToUtf8().
  void Field(std::string_view key, std::string_view text);
  void Field(std::string_view key, const std::string& text) { Field(key, std::string_view(text)); }
  void Field(std::string_view key, const char* text) { Field(key, std::string_view(text)); }
  void Field(std::string_view key, const std::optional<std::string>& text);
  // null for "".
  void KnownField(std::string_view key, std::string_view text);
  void NullField(std::string_view key);
  // Of an array; so may be BeginObject().
  void Item(std::string_view text);

  // What was written.
  std::string_view text() const { return {buffer_.GetString(), buffer_.GetSize()}; }

 private:
  void Key(std::string_view key);
  void Text(std::string_view bytes);
  void Valid(std::string_view utf8);
  void Null();
  void Bool(bool value);
  void Signed(int64_t value);
  void Unsigned(uint64_t value);
  template <std::integral T>
  void Number(T value) {
    if constexpr (std::same_as<T, bool>) {
      Bool(value);
    } else if constexpr (std::signed_integral<T>) {
      Signed(value);
    } else {
      Unsigned(value);
    }
  }

  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_;
};

}  // namespace nsobs
