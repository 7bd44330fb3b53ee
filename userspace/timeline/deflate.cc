#include "userspace/timeline/deflate.h"

#include <zlib.h>

#include "absl/strings/str_cat.h"

namespace nsobs {
namespace {

constexpr int kLevel = 6;

const Bytef* BytesOf(std::string_view text) { return reinterpret_cast<const Bytef*>(text.data()); }

}  // namespace

absl::StatusOr<std::string> Deflate(std::string_view raw) {
  std::string out(compressBound(raw.size()), '\0');
  uLongf size = out.size();
  const int code =
      compress2(reinterpret_cast<Bytef*>(out.data()), &size, BytesOf(raw), raw.size(), kLevel);
  if (code != Z_OK) return absl::ResourceExhaustedError(absl::StrCat("compression: ", code));
  out.resize(size);
  return out;
}

absl::StatusOr<std::string> Inflate(std::string_view compressed, int64_t raw_bytes, uint64_t most) {
  if (raw_bytes < 0 || static_cast<uint64_t>(raw_bytes) > most) {
    return absl::DataLossError("a stored snapshot is damaged: its size can't be right");
  }
  std::string out(static_cast<size_t>(raw_bytes), '\0');
  uLongf size = out.size();
  uLong taken = compressed.size();
  const int code =
      uncompress2(reinterpret_cast<Bytef*>(out.data()), &size, BytesOf(compressed), &taken);
  if (code != Z_OK || size != out.size() || taken != compressed.size()) {
    return absl::DataLossError("a stored snapshot is damaged: it can't be decompressed");
  }
  return out;
}

}  // namespace nsobs
