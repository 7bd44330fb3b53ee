#include "userspace/event/namespace_kind.h"

#include "absl/strings/numbers.h"

namespace nsobs {
namespace {

constexpr std::array<std::string_view, kNamespaceKindCount> kNames = {
    "cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};

}  // namespace

std::string_view Name(NamespaceKind kind) { return kNames[static_cast<size_t>(kind)]; }

std::optional<NamespaceKind> NamespaceKindFromName(std::string_view name) {
  for (NamespaceKind kind : kNamespaceKinds) {
    if (Name(kind) == name) return kind;
  }
  return std::nullopt;
}

std::optional<std::pair<NamespaceKind, uint32_t>> ParseNamespaceLink(std::string_view text) {
  const size_t colon = text.find(":[");
  if (colon == std::string_view::npos || text.empty() || text.back() != ']') return std::nullopt;
  auto kind = NamespaceKindFromName(text.substr(0, colon));
  uint32_t inode = 0;
  const std::string_view digits = text.substr(colon + 2, text.size() - colon - 3);
  // SimpleAtoi() would take blanks and signs too.
  if (!kind || digits.find_first_not_of("0123456789") != std::string_view::npos ||
      !absl::SimpleAtoi(absl::string_view(digits.data(), digits.size()), &inode)) {
    return std::nullopt;
  }
  return std::make_pair(*kind, inode);
}

}  // namespace nsobs
