// Protobuf's wire format (protobuf.dev/programming-guides/encoding): as little as the messages of
// engines need. Their few fields don't pay for a library of megabytes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace nsobs {

// Goes over the fields of one message. Bytes are not copied: the message outlives the reader.
class WireReader {
 public:
  explicit WireReader(std::string_view message) : rest_(message) {}

  // To the next field; false at the end, and where the message is damaged.
  bool Next();
  bool damaged() const { return damaged_; }

  uint32_t field() const { return field_; }
  // Of a field of the type for strings, bytes and messages; "" of any other.
  std::string_view bytes() const { return bytes_; }
  std::string text() const { return std::string(bytes_); }
  // Of a number; 0 of any other type.
  uint64_t number() const { return number_; }

 private:
  bool TakeVarint(uint64_t* value);
  bool TakeBytes(uint64_t size, std::string_view* out);
  bool Damage();

  std::string_view rest_;
  bool damaged_ = false;
  uint32_t field_ = 0;
  std::string_view bytes_;
  uint64_t number_ = 0;
};

// One entry of a map<string, string> field into `map`, which takes at most 256.
void TakeMapEntry(std::string_view entry, std::map<std::string, std::string>* map);

// Appends a field of the type for strings and messages. Field numbers up to 15.
void AppendBytes(uint32_t field, std::string_view bytes, std::string* message);

}  // namespace nsobs
