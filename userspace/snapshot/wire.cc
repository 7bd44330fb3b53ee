#include "userspace/snapshot/wire.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace nsobs {
namespace {

using Json = nlohmann::json;

// Typed reading without exceptions: the default where there is no such value.
uint64_t Number(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number_unsigned() ? it->get<uint64_t>() : 0;
}

std::string Bytes(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

Json ToWire(const PeerNamespace& peer) {
  return {{"owner", peer.owner},
          {"owner_id", peer.owner_id},
          {"pid", peer.process.pid},
          {"start", peer.process.start_boot_ns},
          {"inode", peer.inode}};
}

PeerNamespace PeerFromWire(const Json& json) {
  PeerNamespace peer;
  peer.owner = Bytes(json, "owner");
  peer.owner_id = Bytes(json, "owner_id");
  peer.process = {static_cast<uint32_t>(Number(json, "pid")), Number(json, "start")};
  peer.inode = static_cast<uint32_t>(Number(json, "inode"));
  return peer;
}

Json ToWire(const SnapshotRequest& request) {
  Json json = {{"pid", request.target.pid},
               {"start", request.target.start_boot_ns},
               {"init_pid", request.init_pid},
               {"protocol", request.protocol},
               {"destination", request.destination},
               {"port", request.port},
               {"path", request.path},
               {"bundle_config", request.bundle_config},
               {"copied_up", request.copied_up},
               {"deadline_ns", static_cast<uint64_t>(absl::ToInt64Nanoseconds(request.deadline))},
               {"max_bytes", request.max_bytes}};
  for (const NamespaceKind kind : kNamespaceKinds)
    json["inodes"].push_back(request.namespaces[kind].inode);
  json["sections"] = json["peers"] = json["mates"] = json["cgroups"] = Json::array();
  for (const Section section : request.sections)
    json["sections"].push_back(static_cast<unsigned>(section));
  for (const PeerNamespace& peer : request.peers) json["peers"].push_back(ToWire(peer));
  for (const PeerNamespace& mate : request.mates) json["mates"].push_back(ToWire(mate));
  for (const auto& [controller, path] : request.cgroup_paths)
    json["cgroups"].push_back(Json::array({controller, path}));
  return json;
}

void ListsFromWire(const Json& json, SnapshotRequest* request) {
  for (size_t i = 0; i < kNamespaceKindCount && i < json["inodes"].size(); ++i)
    if (json["inodes"][i].is_number_unsigned())
      request->namespaces[kNamespaceKinds[i]].inode = json["inodes"][i].get<uint32_t>();
  for (const Json& section : json["sections"])
    if (section.is_number_unsigned() && section <= static_cast<unsigned>(Section::kUser))
      request->sections.push_back(static_cast<Section>(section.get<unsigned>()));
  for (const Json& peer : json["peers"])
    if (peer.is_object()) request->peers.push_back(PeerFromWire(peer));
  for (const Json& mate : json["mates"])
    if (mate.is_object()) request->mates.push_back(PeerFromWire(mate));
  for (const Json& pair : json["cgroups"])
    if (pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_string())
      request->cgroup_paths.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
}

SnapshotRequest FromWire(const Json& json) {
  SnapshotRequest request;
  request.target = {static_cast<uint32_t>(Number(json, "pid")), Number(json, "start")};
  request.init_pid = static_cast<uint32_t>(Number(json, "init_pid"));
  request.protocol = Bytes(json, "protocol");
  request.destination = Bytes(json, "destination");
  request.port = static_cast<uint16_t>(Number(json, "port"));
  request.path = Bytes(json, "path");
  request.bundle_config = Bytes(json, "bundle_config");
  request.copied_up = json.contains("copied_up") && json["copied_up"] == true;
  request.deadline = absl::Nanoseconds(static_cast<int64_t>(Number(json, "deadline_ns")));
  request.max_bytes = Number(json, "max_bytes");
  ListsFromWire(json, &request);
  return request;
}

// The reader of CBOR recurses into lists: as deep as these bytes say, unless it is stopped.
class DepthGuard : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override { return ++depth_ <= kMaxDepth; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return --depth_ >= 0; }
  bool start_array(size_t) override { return ++depth_ <= kMaxDepth; }
  bool end_array() override { return --depth_ >= 0; }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  static constexpr int kMaxDepth = 8;  // what we write has 3
  int depth_ = 0;
};

bool IsShallowCbor(std::string_view bytes) {
  DepthGuard guard;
  return Json::sax_parse(bytes.begin(), bytes.end(), &guard, nlohmann::json::input_format_t::cbor);
}

}  // namespace

absl::StatusOr<std::string> EncodeRequest(const WireRequest& request) {
  if (request.request.peers.size() > kMaxPeers)
    return absl::InvalidArgumentError(absl::StrCat("more than ", kMaxPeers, " peers"));
  if (request.request.mates.size() > kMaxMates)
    return absl::InvalidArgumentError(absl::StrCat("more than ", kMaxMates, " mates"));
  Json json = ToWire(request.request);
  json["serial"] = request.serial;
  json["has_net_fd"] = request.has_net_fd;
  std::string bytes;
  Json::to_cbor(json, bytes);
  if (bytes.size() > kMaxRequestBytes) return absl::InvalidArgumentError("request is too long");
  return bytes;
}

absl::StatusOr<WireRequest> DecodeRequest(std::string_view bytes) {
  if (!IsShallowCbor(bytes)) return absl::InvalidArgumentError("not a request");
  const Json json = Json::from_cbor(bytes.begin(), bytes.end(), true, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("not a request");
  for (const char* list : {"inodes", "sections", "peers", "mates", "cgroups"})
    if (!json.contains(list) || !json[list].is_array())
      return absl::InvalidArgumentError(absl::StrCat("request without ", list));
  if (json["peers"].size() > kMaxPeers) return absl::InvalidArgumentError("too many peers");
  WireRequest request;
  request.serial = Number(json, "serial");
  request.has_net_fd = json.contains("has_net_fd") && json["has_net_fd"] == true;
  request.request = FromWire(json);
  return request;
}

std::string_view SectionName(Section section) {
  switch (section) {
    case Section::kNet:
      return "net";
    case Section::kHostNet:
      return "host_net";
    case Section::kPeerNets:
      return "peer_nets";
    case Section::kMnt:
      return "mnt";
    case Section::kPid:
      return "pid";
    case Section::kCgroup:
      return "cgroup";
    case Section::kUts:
      return "uts";
    case Section::kIpc:
      return "ipc";
    case Section::kTime:
      return "timens";
    case Section::kUser:
      return "user";
  }
  return "";
}

}  // namespace nsobs
