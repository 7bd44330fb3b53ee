#include "userspace/snapshot/mnt/spec_mounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <optional>

#include "userspace/base/clock.h"
#include "userspace/base/file.h"
#include "userspace/base/sanitize.h"
#include "userspace/snapshot/json_text.h"
#include "userspace/snapshot/mnt/host_mounts.h"
#include "userspace/snapshot/mnt/path_walk.h"
#include "userspace/snapshot/proc_file.h"

namespace nsobs {
namespace {

constexpr size_t kConfigBytes = 1 << 20;
constexpr size_t kMaxBelow = 16;  // mounts of the host below one source
constexpr size_t kMaxOptions = 64;

// True if only "." and ".." are in it; nullopt if it can't be listed.
std::optional<bool> IsEmptyFolder(int path_fd) {
  const UniqueFd folder = ReopenFolder(path_fd);
  if (!folder.ok()) return std::nullopt;
  alignas(dirent64) char buffer[1024];
  while (true) {
    const long n = syscall(SYS_getdents64, folder.get(), buffer, sizeof buffer);
    if (n < 0) return std::nullopt;
    if (n == 0) return true;
    for (long at = 0; at < n;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) return false;
      at += entry->d_reclen;
    }
  }
}

// What the host has mounted below it, by now: the container has those of its start, and later ones
// only if they propagate.
SectionJson MountsBelow(const HostMounts& host, const std::string& source) {
  SectionJson out = SectionJson::array();
  for (const Mount& mount : host.table.mounts) {
    if (out.size() >= kMaxBelow) break;
    const bool below = mount.mount_point.size() > source.size() + 1 &&
                       mount.mount_point.starts_with(source) &&
                       mount.mount_point[source.size()] == '/';
    if (!below) continue;
    out.push_back({{"mount_point", ToUtf8(mount.mount_point)}, {"fstype", ToUtf8(mount.fstype)}});
  }
  return out;
}

void LookAtSource(const HostMounts& host, const std::string& source, SectionJson* row,
                  ReadNotes* notes) {
  const WalkResult walk =
      WalkPath(host.root.get(), source, host.table, Caution::kTrusted, SymlinkRule::kSystemOnly);
  if (walk.refused) {
    notes->Error("mnt", "source " + ToUtf8(source) + " is not looked at: " + walk.refusal);
    return;
  }
  (*row)["source_exists"] = walk.error == 0;
  if (walk.error != 0) return;
  if (walk.mount != nullptr) (*row)["source_propagation"] = ToUtf8(walk.mount->propagation);
  (*row)["host_mounts"] = MountsBelow(host, walk.path);
  struct statx st{};
  if (statx(walk.fd.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &st) != 0) {
    return;
  }
  std::optional<bool> empty;
  if (S_ISDIR(st.stx_mode)) empty = IsEmptyFolder(walk.fd.get());
  if (S_ISREG(st.stx_mode)) empty = st.stx_size == 0;
  (*row)["source_is_empty"] = OrNull(empty);
  (*row)["source_changed"] =
      FormatRfc3339(int64_t{st.stx_mtime.tv_sec} * 1'000'000'000 + st.stx_mtime.tv_nsec);
}

// A bind mount: by its type, or by an option as runc writes it.
bool IsBind(const SectionJson& row) {
  if (row["type"] == "bind") return true;
  for (const SectionJson& option : row["options"]) {
    if (option == "bind" || option == "rbind") return true;
  }
  return false;
}

}  // namespace

std::vector<SectionJson> ParseSpecMounts(std::string_view config_json) {
  std::vector<SectionJson> out;
  const auto spec = nlohmann::json::parse(config_json, nullptr, /*allow_exceptions=*/false);
  const nlohmann::json* mounts = JsonMember(spec, "mounts");
  if (mounts == nullptr || !mounts->is_array()) return out;
  for (const nlohmann::json& mount : *mounts) {
    if (!mount.is_object() || out.size() >= kMaxSpecMounts) continue;
    SectionJson row = {{"destination", JsonText(mount, "destination")},
                       {"source", JsonText(mount, "source")},
                       {"type", JsonText(mount, "type")},
                       {"options", SectionJson::array()}};
    if (const auto* options = JsonMember(mount, "options"); options && options->is_array()) {
      for (const nlohmann::json& option : *options) {
        if (option.is_string() && row["options"].size() < kMaxOptions) {
          row["options"].push_back(option.get<std::string>());
        }
      }
    }
    out.push_back(std::move(row));
  }
  return out;
}

SectionJson SpecMounts(const Target& target, ReadNotes* notes) {
  SectionJson out = SectionJson::array();
  const auto config = ReadSmallFile(target.request->bundle_config, kConfigBytes);
  if (!config.ok()) {
    notes->Error("mnt", "the runtime's configuration: " + std::string(config.status().message()));
    return out;
  }
  const std::optional<HostMounts> host = OpenHostMounts(target, notes);
  for (SectionJson& row : ParseSpecMounts(*config)) {
    const std::string source = row["source"].get<std::string>();
    if (host && source.starts_with('/') && IsBind(row) && !DeadlinePassed(target)) {
      LookAtSource(*host, source, &row, notes);
    }
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace nsobs
