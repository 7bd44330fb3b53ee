#include "exporters/otlp/cursor_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "userspace/base/fd.h"
#include "userspace/base/file.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxCursorBytes = 4096;
constexpr int kVersion = 1;

std::string PathIn(const std::string& directory) {
  return absl::StrCat(directory, "/", kOtlpCursorFile);
}

bool Take(const Json& from, const char* key, int64_t* to) {
  const auto it = from.find(key);
  if (it == from.end() || !it->is_number_integer()) return false;
  *to = it->get<int64_t>();
  return *to >= 0;
}

absl::Status WriteAll(int fd, const std::string& text, const std::string& path) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, path);
    done += static_cast<size_t>(n);
  }
  return fdatasync(fd) == 0 ? absl::OkStatus() : ErrnoStatus(errno, path);
}

}  // namespace

absl::StatusOr<OtlpCursor> ReadCursor(const std::string& directory) {
  const std::string path = PathIn(directory);
  NSOBS_ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(path, kMaxCursorBytes));
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  OtlpCursor cursor;
  const bool whole = json.is_object() && json.value("version", 0) == kVersion &&
                     Take(json, "event_id", &cursor.event_id) &&
                     Take(json, "finding_id", &cursor.finding_id) &&
                     Take(json, "snapshot_id", &cursor.snapshot_id) &&
                     Take(json, "grown_since_wall_ns", &cursor.grown_since_wall_ns);
  if (whole) return cursor;
  return absl::DataLossError(absl::StrCat(path, " is damaged"));
}

absl::Status WriteCursor(const std::string& directory, const OtlpCursor& cursor) {
  const Json json = {{"version", kVersion},
                     {"event_id", cursor.event_id},
                     {"finding_id", cursor.finding_id},
                     {"snapshot_id", cursor.snapshot_id},
                     {"grown_since_wall_ns", cursor.grown_since_wall_ns}};
  const std::string path = PathIn(directory);
  const std::string fresh = path + ".new";
  UniqueFd fd(open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.ok()) return ErrnoStatus(errno, fresh);
  NSOBS_RETURN_IF_ERROR(WriteAll(fd.get(), json.dump() + "\n", fresh));
  if (rename(fresh.c_str(), path.c_str()) != 0) return ErrnoStatus(errno, path);
  return absl::OkStatus();
}

}  // namespace nsobs
