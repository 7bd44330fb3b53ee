#include "userspace/pipeline/snapshot_record.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "userspace/base/clock.h"
#include "userspace/base/sanitize.h"
#include "userspace/event/event_json.h"
#include "userspace/timeline/snapshot_row.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;
constexpr size_t kMaxPeers = 64;
constexpr size_t kMaxMates = 8;
constexpr size_t kMaxContainers = 128;  // of those that the record tells of

bool IsAlive(const Container& container) { return container.died_boot_ns == 0; }

Json WithSerial(const ObservedEvent& event) {
  Json out = ToJson(event);
  out["serial"] = event.serial;
  return out;
}

Json Events(const std::vector<ObservedEvent>& events) {
  Json out = Json::array();
  for (const ObservedEvent& event : events) out.push_back(WithSerial(event));
  return out;
}

Json Trigger(const Anomaly& anomaly) {
  if (anomaly.rule.empty()) return nullptr;
  return {{"rule", anomaly.rule},
          {"severity", Name(anomaly.severity)},
          {"summary", ToUtf8(anomaly.summary)},
          {"facts", anomaly.facts},
          {"events", Events(anomaly.events)}};
}

Json WorldContainer(const ContainerRef& container) {
  Json out = ToJson(container);
  out["namespaces"] = ToJson(container->namespaces);
  out["init_pid"] = container->init.pid;
  out["alive"] = IsAlive(*container);
  out["cgroup_path"] = ToUtf8(container->cgroup_path);
  return out;
}

NamespaceSet HostNamespaces(const Inventory& inventory) {
  NamespaceSet host;
  for (const NamespaceRecord& record : inventory.namespaces()) {
    if (record.is_host) host[record.kind] = record.identity;
  }
  return host;
}

// A baseline is compared with what comes later of the same container: the others say nothing.
Json World(const Anomaly& anomaly, const Inventory& inventory) {
  const size_t most = anomaly.rule == kBaselineRule ? 0 : kMaxContainers;
  Json containers = Json::array();
  for (const ContainerRef& container : inventory.containers()) {
    if (containers.size() >= most) break;
    containers.push_back(WorldContainer(container));
  }
  return {{"containers", std::move(containers)},
          {"host_namespaces", ToJson(HostNamespaces(inventory))}};
}

// One entry for each net namespace that is neither the host's nor the target's.
std::vector<PeerNamespace> Peers(const Anomaly& anomaly, const Inventory& inventory) {
  absl::flat_hash_set<uint32_t> seen = {0, anomaly.subject.namespaces[NamespaceKind::kNet].inode,
                                        HostNamespaces(inventory)[NamespaceKind::kNet].inode};
  std::vector<PeerNamespace> out;
  for (const ContainerRef& container : inventory.containers()) {
    if (out.size() >= kMaxPeers) break;
    if (!IsAlive(*container) || container->init.pid == 0) continue;
    const uint32_t inode = container->namespaces[NamespaceKind::kNet].inode;
    if (!seen.insert(inode).second) continue;
    out.push_back({ToUtf8(container->name), ToUtf8(container->id), container->init, inode});
  }
  // Those that have a name and no init (`ip netns`): an engine may live in one, with its bridges.
  // By its name the helper finds it when the process that was seen in it is gone.
  for (const NamespaceRecord& record : inventory.namespaces()) {
    if (out.size() >= kMaxPeers) break;
    if (record.kind != NamespaceKind::kNet || record.owners.empty()) continue;
    const Container& owner = *record.owners.front();
    if (!IsAlive(owner) || !seen.insert(record.identity.inode).second) continue;
    out.push_back(
        {ToUtf8(owner.name), ToUtf8(owner.id), record.some_process, record.identity.inode});
  }
  return out;
}

bool IsMate(const Container& a, const Container& b) {
  return a.pod.has_value() && a.pod == b.pod && a.pod_namespace == b.pod_namespace &&
         a.runtime == b.runtime && a.id != b.id;
}

// Where a file that is missing may be: the other mount namespaces of the pod.
std::vector<PeerNamespace> Mates(const ContainerRef& container, const Inventory& inventory) {
  std::vector<PeerNamespace> out;
  for (const ContainerRef& other : inventory.containers()) {
    if (out.size() >= kMaxMates) break;
    const uint32_t inode = other->namespaces[NamespaceKind::kMnt].inode;
    if (!IsAlive(*other) || other->init.pid == 0 || inode == 0) continue;
    if (!IsMate(*container, *other)) continue;
    out.push_back({ToUtf8(other->name), ToUtf8(other->id), other->init, inode});
  }
  return out;
}

// What the correlator knows of the container that the snapshotter can't see from the process.
void TakeContainer(const ContainerRef& container, const Inventory& inventory,
                   SnapshotRequest* request) {
  if (container == nullptr) return;
  request->bundle_config = container->bundle_config;
  if (const std::string& path = container->cgroup_path; !path.empty()) {
    request->cgroup_paths = {{"", path}, {"memory", path}, {"cpu", path}, {"pids", path}};
  }
  if (!request->path.empty()) request->mates = Mates(container, inventory);
}

std::vector<Section> SectionsFor(const Anomaly& anomaly) {
  if (anomaly.rule != kBaselineRule) return PlanSections(anomaly);
  return {Section::kNet, Section::kMnt, Section::kPid, Section::kCgroup, Section::kUser};
}

void TakeDestination(const Anomaly& anomaly, SnapshotRequest* request) {
  if (anomaly.events.empty()) return;
  const EventDetail& detail = anomaly.events.back().event.detail;
  if (const auto* connect = std::get_if<ConnectFailure>(&detail)) {
    request->protocol = std::string(Name(connect->protocol));
    request->destination = connect->destination;
    request->port = connect->port;
    request->path = connect->path;
  } else if (const auto* bind = std::get_if<BindFailure>(&detail)) {
    request->protocol = std::string(Name(bind->protocol));
    request->destination = bind->address;
    request->port = bind->port;
    request->path = bind->path;
  } else if (const auto* drop = std::get_if<PacketDrop>(&detail)) {
    request->protocol = std::string(Name(drop->protocol));
    request->destination = drop->destination;
    request->port = drop->port;
  } else if (const auto* dns = std::get_if<DnsFailure>(&detail)) {
    request->protocol = std::string(Name(dns->protocol));
    request->destination = dns->server;
    request->port = dns->port;
  } else if (const auto* file = std::get_if<FileFailure>(&detail)) {
    // Of a write only the name is known, and where a relative path begins is not.
    if (file->path.starts_with('/') && !file->truncated) request->path = file->path;
  }
}

}  // namespace

SnapshotRequest MakeRequest(const Anomaly& anomaly, const Inventory& inventory, int net_fd) {
  SnapshotRequest request;
  request.target = anomaly.subject.key();
  request.namespaces = anomaly.subject.namespaces;
  if (anomaly.container != nullptr && IsAlive(*anomaly.container)) {
    request.init_pid = anomaly.container->init.pid;
    if (request.target.pid == 0) {
      request.target = anomaly.container->init;
      request.namespaces = anomaly.container->namespaces;
    }
  }
  request.net_fd = net_fd;
  request.sections = SectionsFor(anomaly);
  const auto wants = [&](Section section) {
    return std::find(request.sections.begin(), request.sections.end(), section) !=
           request.sections.end();
  };
  if (wants(Section::kPeerNets)) request.peers = Peers(anomaly, inventory);
  TakeDestination(anomaly, &request);
  TakeContainer(anomaly.container, inventory, &request);
  return request;
}

Json MakeRecord(const Anomaly& anomaly, const std::vector<ObservedEvent>& before,
                const Inventory& inventory) {
  const bool alive = anomaly.container != nullptr && IsAlive(*anomaly.container);
  return {{"version", kVersion},
          {"time", FormatRfc3339(anomaly.wall_ns)},
          {"boot_ns", anomaly.boot_ns},
          {"trigger", Trigger(anomaly)},
          {"target",
           {{"container", ToJson(anomaly.container)},
            {"process", anomaly.subject.pid == 0 ? Json(nullptr) : ToJson(anomaly.subject)},
            {"namespaces", ToJson(anomaly.subject.namespaces)},
            {"alive", alive}}},
          {"before", Events(before)},
          {"world", World(anomaly, inventory)}};
}

void AddSections(Json sections, Json* record) {
  if (!sections.is_object()) return;
  for (auto& [name, section] : sections.items()) {
    if (name == "target" && section.is_object()) {
      (*record)["target"].update(section);  // who was looked at, besides whom it is about
    } else {
      (*record)[name] = std::move(section);
    }
  }
}

}  // namespace nsobs
