#include "userspace/main/look.h"

#include <algorithm>

#include "userspace/base/sanitize.h"
#include "userspace/event/event_json.h"

namespace nsobs {
namespace {

constexpr size_t kMaxPeers = 64;
constexpr size_t kMaxWorld = 512;  // containers that the record names

bool SharesNet(const Container& a, const NamespaceSet& b) {
  return SameNamespace(a.namespaces[NamespaceKind::kNet], b[NamespaceKind::kNet]);
}

// The living that have a network namespace of their own.
std::vector<PeerNamespace> PeersOf(const LiveTarget& live, const Inventory& inventory) {
  std::vector<PeerNamespace> peers;
  for (const ContainerRef& c : inventory.containers()) {
    const uint32_t inode = c->namespaces[NamespaceKind::kNet].inode;
    if (c->died_boot_ns != 0 || c->init.pid == 0 || inode == 0) continue;
    const bool known = std::any_of(peers.begin(), peers.end(),
                                   [&](const PeerNamespace& p) { return p.inode == inode; });
    if (known || SharesNet(*c, live.target.namespaces)) continue;
    peers.push_back({ToUtf8(c->name), ToUtf8(c->id), c->init, inode});
    if (peers.size() == kMaxPeers) break;
  }
  return peers;
}

Json WorldOf(const Inventory& inventory) {
  Json containers = Json::array();
  for (const ContainerRef& c : inventory.containers()) {
    if (containers.size() == kMaxWorld) break;
    Json json = ToJson(c);
    json["namespaces"] = ToJson(c->namespaces);
    json["init_pid"] = c->init.pid == 0 ? Json(nullptr) : Json(c->init.pid);
    json["alive"] = c->died_boot_ns == 0;
    json["cgroup_path"] = ToUtf8(c->cgroup_path);
    containers.push_back(std::move(json));
  }
  NamespaceSet host;
  for (const NamespaceRecord& ns : inventory.namespaces()) {
    if (ns.is_host) host[ns.kind] = ns.identity;
  }
  return {{"containers", std::move(containers)}, {"host_namespaces", ToJson(host)}};
}

Json ProcessOf(const LiveTarget& live) {
  if (live.process.pid == 0) return nullptr;
  Process process;
  process.pid = process.tid = live.process.pid;
  process.start_boot_ns = live.process.start_boot_ns;
  process.namespaces = live.target.namespaces;
  if (live.init_pid == live.process.pid) process.ns_pid = 1;
  return ToJson(process);
}

}  // namespace

std::vector<Section> SectionsOf(const std::vector<NamespaceKind>& kinds) {
  const auto wanted = [&](NamespaceKind kind) {
    return kinds.empty() || std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  };
  std::vector<Section> out;
  if (wanted(NamespaceKind::kNet)) out = {Section::kNet, Section::kHostNet, Section::kPeerNets};
  if (wanted(NamespaceKind::kMnt)) out.push_back(Section::kMnt);
  if (wanted(NamespaceKind::kPid)) out.push_back(Section::kPid);
  if (wanted(NamespaceKind::kCgroup)) out.push_back(Section::kCgroup);
  if (wanted(NamespaceKind::kUts)) out.push_back(Section::kUts);
  if (wanted(NamespaceKind::kIpc)) out.push_back(Section::kIpc);
  if (wanted(NamespaceKind::kTime)) out.push_back(Section::kTime);
  if (wanted(NamespaceKind::kUser)) out.push_back(Section::kUser);
  return out;
}

SnapshotRequest RequestFor(const LiveTarget& live, const Inventory& inventory,
                           std::vector<Section> sections) {
  SnapshotRequest request;
  request.target = live.process;
  request.init_pid = live.init_pid;
  request.namespaces = live.target.namespaces;
  request.net_fd = live.net_fd.get();
  request.sections = std::move(sections);
  request.peers = PeersOf(live, inventory);
  if (live.target.container != nullptr) {
    request.bundle_config = live.target.container->bundle_config;
  }
  request.copied_up = true;
  request.deadline = absl::Seconds(5);  // a person waits, nothing else does
  return request;
}

Json CompleteRecord(const Json& taken, const LiveTarget& live, const Inventory& inventory,
                    const Clock& clock) {
  Json record = {{"version", 1},
                 {"time", FormatRfc3339(clock.WallNs())},
                 {"boot_ns", clock.BootNs()},
                 {"trigger", nullptr},
                 {"target",
                  {{"container", ToJson(live.target.container)},
                   {"process", ProcessOf(live)},
                   {"namespaces", ToJson(live.target.namespaces)},
                   {"alive", live.process.pid != 0}}},
                 {"before", Json::array()},
                 {"world", WorldOf(inventory)}};
  // "target" of both: whom it is about, and how that was found to be.
  if (taken.is_object()) record.update(taken, /*merge_objects=*/true);
  return record;
}

}  // namespace nsobs
