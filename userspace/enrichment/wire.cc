#include "userspace/enrichment/wire.h"

#include <utility>

namespace nsobs {
namespace {

constexpr size_t kMaxMapEntries = 256;
enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

}  // namespace

bool WireReader::Damage() {
  damaged_ = true;
  rest_ = {};
  return false;
}

bool WireReader::TakeVarint(uint64_t* value) {
  *value = 0;
  for (uint32_t shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

bool WireReader::TakeBytes(uint64_t size, std::string_view* out) {
  if (size > rest_.size()) return false;
  *out = rest_.substr(0, static_cast<size_t>(size));
  rest_.remove_prefix(static_cast<size_t>(size));
  return true;
}

bool WireReader::Next() {
  if (rest_.empty()) return false;
  bytes_ = {};
  number_ = 0;
  uint64_t tag = 0, size = 0;
  std::string_view fixed;
  if (!TakeVarint(&tag) || tag >> 3 == 0 || tag >> 32 != 0) return Damage();
  field_ = static_cast<uint32_t>(tag >> 3);
  switch (tag & 7) {
    case kVarint:
      return TakeVarint(&number_) || Damage();
    case kFixed64:
      return TakeBytes(8, &fixed) || Damage();
    case kFixed32:
      return TakeBytes(4, &fixed) || Damage();
    case kBytes:
      return (TakeVarint(&size) && TakeBytes(size, &bytes_)) || Damage();
    default:  // groups are of the past
      return Damage();
  }
}

void TakeMapEntry(std::string_view entry, std::map<std::string, std::string>* map) {
  std::string key, value;
  WireReader reader(entry);
  while (reader.Next()) {
    if (reader.field() == 1) key = reader.text();
    if (reader.field() == 2) value = reader.text();
  }
  if (!reader.damaged() && map->size() < kMaxMapEntries)
    map->emplace(std::move(key), std::move(value));
}

void AppendBytes(uint32_t field, std::string_view bytes, std::string* message) {
  message->push_back(static_cast<char>(field << 3 | kBytes));
  uint64_t size = bytes.size();
  for (; size >= 0x80; size >>= 7) message->push_back(static_cast<char>(size | 0x80));
  message->push_back(static_cast<char>(size));
  message->append(bytes);
}

}  // namespace nsobs
