// The eight kinds of namespaces and the identity of one namespace.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nsobs {

// Alphabetical: the order of every listing, of the JSON and of enum nsobs_ns_kind.
enum class NamespaceKind : uint8_t { kCgroup, kIpc, kMnt, kNet, kPid, kTime, kUser, kUts };

inline constexpr size_t kNamespaceKindCount = 8;
inline constexpr std::array<NamespaceKind, kNamespaceKindCount> kNamespaceKinds = {
    NamespaceKind::kCgroup, NamespaceKind::kIpc,  NamespaceKind::kMnt,  NamespaceKind::kNet,
    NamespaceKind::kPid,    NamespaceKind::kTime, NamespaceKind::kUser, NamespaceKind::kUts};

// "net", as in /proc/PID/ns.
std::string_view Name(NamespaceKind kind);
std::optional<NamespaceKind> NamespaceKindFromName(std::string_view name);

// The inode is the label that people compare with /proc/PID/ns; inodes are reused at once. `id` is
// never reused within a boot; 0 where the kernel has none.
struct NamespaceIdentity {
  uint32_t inode = 0;  // 0: not known
  uint64_t id = 0;

  friend bool operator==(const NamespaceIdentity&, const NamespaceIdentity&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const NamespaceIdentity& n) {
    return H::combine(std::move(h), n.inode, n.id);
  }
};

// Indexed by NamespaceKind.
class NamespaceSet {
 public:
  NamespaceIdentity& operator[](NamespaceKind kind) { return ids_[static_cast<size_t>(kind)]; }
  const NamespaceIdentity& operator[](NamespaceKind kind) const {
    return ids_[static_cast<size_t>(kind)];
  }
  friend bool operator==(const NamespaceSet&, const NamespaceSet&) = default;

 private:
  std::array<NamespaceIdentity, kNamespaceKindCount> ids_{};
};

// "net:[4026531833]" -> kind and inode; nullopt for anything else.
std::optional<std::pair<NamespaceKind, uint32_t>> ParseNamespaceLink(std::string_view text);

}  // namespace nsobs
