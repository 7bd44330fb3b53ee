#include "userspace/snapshot/mnt/mountinfo.h"

#include <algorithm>
#include <array>
#include <optional>

#include "userspace/snapshot/proc_file.h"

namespace nsobs {
namespace {

bool IsOctal(char c) { return c >= '0' && c <= '7'; }

// The kernel writes blank, tab, newline, backslash and '#' as \ooo.
std::string Unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] <= '3' && IsOctal(text[i + 1]) &&
        IsOctal(text[i + 2]) && IsOctal(text[i + 3])) {
      out += static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 |
                               (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Split first, undone after: an escaped comma of a path stays inside its option. overlayfs writes
// commas and colons in paths with backslashes of its own.
std::vector<std::string> SplitOptions(std::string_view text) {
  std::vector<std::string> out;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    const bool escaped = i > 0 && i < text.size() && text[i] == ',' && text[i - 1] == '\\';
    if (i < text.size() && (text[i] != ',' || escaped)) continue;
    if (i > begin) out.push_back(Unescape(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  return out;
}

// One field up to the next blank; "" between two blanks is a value (an empty source).
std::optional<std::string_view> NextField(std::string_view* line) {
  if (line->empty()) return std::nullopt;
  const size_t end = std::min(line->find(' '), line->size());
  const std::string_view field = line->substr(0, end);
  line->remove_prefix(std::min(end + 1, line->size()));
  return field;
}

// "shared:12", "master:3" and the like, up to the lone "-".
std::optional<std::string> Propagation(std::string_view* line) {
  std::string out;
  while (true) {
    const auto field = NextField(line);
    if (!field) return std::nullopt;
    if (*field == "-") return out.empty() ? "private" : out;
    if (!out.empty()) out += ' ';
    if (field->starts_with("master:")) {
      out.append("slave:").append(field->substr(7));
    } else {
      out.append(*field);
    }
  }
}

std::optional<Mount> ParseLine(std::string_view line) {
  std::array<std::string_view, 6> head;  // id, parent, device, root, mount point, options
  for (std::string_view& field : head) {
    const auto next = NextField(&line);
    if (!next) return std::nullopt;
    field = *next;
  }
  const auto id = ParseNumber(head[0]);
  const auto parent = ParseNumber(head[1]);
  const auto propagation = Propagation(&line);
  const auto fstype = NextField(&line);
  const auto source = NextField(&line);
  if (!id || !parent || !propagation || !fstype || !source || head[4].empty()) return std::nullopt;
  Mount mount;
  mount.id = *id;
  mount.parent = *parent;
  mount.device = std::string(head[2]);
  mount.root = Unescape(head[3]);
  mount.mount_point = Unescape(head[4]);
  mount.options = SplitOptions(head[5]);
  mount.propagation = *propagation;
  mount.fstype = Unescape(*fstype);
  mount.source = Unescape(*source);
  mount.super_options = SplitOptions(NextField(&line).value_or(""));
  return mount;
}

}  // namespace

MountTable ParseMountinfo(std::string_view text, size_t max_rows) {
  MountTable table;
  while (!text.empty()) {
    if (table.mounts.size() >= max_rows) {
      table.truncated = true;
      return table;
    }
    if (auto mount = ParseLine(NextLine(&text))) {
      table.mounts.push_back(*std::move(mount));
    } else {
      ++table.malformed;
    }
  }
  return table;
}

const Mount* MountAt(const MountTable& table, std::string_view mount_point) {
  const Mount* top = nullptr;
  for (const Mount& mount : table.mounts) {
    if (mount.mount_point == mount_point) top = &mount;
  }
  return top;
}

const Mount* MountById(const MountTable& table, uint64_t id) {
  for (const Mount& mount : table.mounts) {
    if (mount.id == id) return &mount;
  }
  return nullptr;
}

bool HasOption(const std::vector<std::string>& options, std::string_view name) {
  return std::find(options.begin(), options.end(), name) != options.end();
}

std::string OptionValue(const std::vector<std::string>& options, std::string_view name) {
  for (const std::string& option : options) {
    if (option.size() > name.size() && option.starts_with(name) && option[name.size()] == '=') {
      return option.substr(name.size() + 1);
    }
  }
  return "";
}

bool IsReadOnly(const Mount& mount) {
  return HasOption(mount.options, "ro") || HasOption(mount.super_options, "ro");
}

}  // namespace nsobs
