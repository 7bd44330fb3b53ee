#include "userspace/snapshot/net/net_reader.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>

#include "userspace/base/sanitize.h"
#include "userspace/snapshot/net/resolver_files.h"
#include "userspace/snapshot/net/socket_owners.h"
#include "userspace/snapshot/safe_file.h"

namespace nsobs {
namespace {

void Append(SectionJson from, SectionJson* to) {
  for (SectionJson& value : from) to->push_back(std::move(value));
}

// IPv4 as IPv4-mapped IPv6; nothing for what names no single namespace.
std::optional<in6_addr> UniqueAddress(const std::string& text) {
  in6_addr address{};
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    address.s6_addr16[5] = 0xffff;
    address.s6_addr32[3] = v4.s_addr;
  } else if (inet_pton(AF_INET6, text.c_str(), &address) != 1) {
    return std::nullopt;
  }
  if (IN6_IS_ADDR_UNSPECIFIED(&address) || IN6_IS_ADDR_LOOPBACK(&address) ||
      IN6_IS_ADDR_LINKLOCAL(&address)) {
    return std::nullopt;
  }
  const uint8_t* bytes = &address.s6_addr[12];
  const bool v4_for_all = bytes[0] == 0 || bytes[0] == 127 || (bytes[0] == 169 && bytes[1] == 254);
  if (IN6_IS_ADDR_V4MAPPED(&address) && v4_for_all) return std::nullopt;
  return address;
}

}  // namespace

void ReadNetBase(NetContext* context, uint32_t owner_pid, SectionJson* out) {
  (*out)["inode"] = context->inode;
  (*out)["links"] = ReadLinks(context);  // first: the others name links
  (*out)["addresses"] = ReadAddresses(*context);
  (*out)["routes"] = ReadRoutes(*context);
  (*out)["rules"] = ReadPolicyRules(*context);
  (*out)["neighbours"] = ReadNeighbours(*context);
  SectionJson listeners = ReadInetListeners(*context);
  Append(ReadUnixListeners(*context), &listeners);
  NameSocketOwners(*context, owner_pid, &listeners);
  (*out)["listeners"] = std::move(listeners);
  (*out)["tcp_states"] = ReadTcpStates(*context);
  (*out)["sysctls"] = ReadSysctls(*context);
  (*out)["sockets"] = ReadSocketCounts(*context);
  (*out)["route_to"] = ReadRouteTo(*context);
}

void ReadNetFiles(const NetContext& context, int root_fd, const std::string& mountinfo,
                  SectionJson* out) {
  (*out)["resolv_conf"] = nullptr;
  (*out)["hosts"] = SectionJson::array();
  if (root_fd < 0) return;
  ContainerFiles files(root_fd, mountinfo);
  const absl::StatusOr<std::string> resolv = files.Read("/etc/resolv.conf");
  context.Note("resolv.conf", resolv.status());
  if (resolv.ok()) (*out)["resolv_conf"] = ParseResolvConf(*resolv);
  const absl::StatusOr<std::string> hosts = files.Read("/etc/hosts");
  context.Note("hosts", hosts.status());
  if (!hosts.ok()) return;
  bool cut = false;
  (*out)["hosts"] = ParseHosts(*hosts, kMaxHostsLines, &cut);
  if (cut) context.Cut("hosts");
}

SectionJson ReadPeerNet(NetContext* context, const PeerNamespace& peer) {
  SectionJson out;
  out["owner"] = ToUtf8(peer.owner);
  out["owner_id"] = ToUtf8(peer.owner_id);
  out["inode"] = peer.inode;
  SectionJson links = ReadLinks(context);
  out["addresses"] = ReadAddresses(*context);
  out["links"] = std::move(links);
  out["listeners"] = ReadInetListeners(*context);
  return out;
}

bool IsWiredTo(const SectionJson& peer, uint32_t inode) {
  const auto links = peer.find("links");
  if (inode == 0 || links == peer.end()) return false;
  return std::any_of(links->begin(), links->end(), [inode](const SectionJson& link) {
    return link.value("peer_netns", SectionJson()) == inode;
  });
}

bool OwnsAddress(const SectionJson& peer, const std::string& destination) {
  const std::optional<in6_addr> wanted = UniqueAddress(destination);
  const auto addresses = peer.find("addresses");
  if (!wanted || addresses == peer.end()) return false;
  for (const SectionJson& row : *addresses) {
    const std::optional<in6_addr> own = UniqueAddress(row.value("address", ""));
    if (own && IN6_ARE_ADDR_EQUAL(&*own, &*wanted)) return true;
  }
  return false;
}

}  // namespace nsobs
