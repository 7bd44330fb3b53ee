#include "userspace/diagnosis/record.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"
#include "userspace/diagnosis/address.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

// "ECONNREFUSED", however it was written down.
std::string ErrorOf(const Node& node) {
  const std::string name = node["errno_name"].text();
  if (!name.empty()) return name;
  const int64_t number = node["errno"].number_or(0);
  return number > 0 && number < 4096 ? ErrnoName(static_cast<int>(number)) : node["errno"].text();
}

// Whom it was about goes by several names.
std::string DestinationOf(const Node& node) {
  for (const char* key : {"destination", "address", "server"}) {
    if (node[key].exists()) return node[key].text();
  }
  return "";
}

Failure FailureFrom(const Node& node) {
  return {node,
          node["protocol"].text(),
          DestinationOf(node),
          node["source"].text(),
          node["path"].text(),
          ErrorOf(node),
          node[node["port"].exists() ? "port" : "destination_port"].number_or(0),
          node["duration_ns"].number_or(0),
          node["outcome"].text()};
}

}  // namespace

std::string Failure::Destination() const { return AddressAndPort(destination, port); }

std::string Listener::At() const { return AddressAndPort(address, port); }

std::vector<Listener> NetView::Listeners() const {
  std::vector<Listener> out;
  for (const Node& l : node["listeners"].items()) {
    out.push_back(
        {l, l["protocol"].text(), l["family"].text(), l["address"].text(), l["port"].number_or(0)});
  }
  return out;
}

Node Record::LastEvent(std::string_view kind) const {
  const std::vector<Node> events = trigger()["events"].items();
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    if ((*event)["kind"].Is(kind)) return *event;
  }
  return Node();
}

std::vector<Node> Record::Events(std::string_view kind) const {
  std::vector<Node> out;
  for (const Node& list : {trigger()["events"], root_["before"]}) {
    for (const Node& event : list.items()) {
      if (event["kind"].Is(kind)) out.push_back(event);
    }
  }
  return out;
}

std::optional<Failure> Record::failure() const {
  for (std::string_view kind :
       {"connect_failure", "packet_drop", "bind_failure", "file_failure", "dns_failure"}) {
    const Node event = LastEvent(kind);
    if (event.exists() && event[kind].is_object()) return FailureFrom(event[kind]);
  }
  const Node f = facts();
  if (!f["errno"].exists() && !f["errno_name"].exists() && !f["destination"].exists() &&
      !f["outcome"].exists()) {
    return std::nullopt;
  }
  return FailureFrom(f);
}

std::vector<uint64_t> Record::TriggerSerials() const {
  std::vector<uint64_t> out;
  for (const Node& event : trigger()["events"].items()) {
    const std::optional<int64_t> serial =
        event["serial"].exists() ? event["serial"].number() : event["id"].number();
    if (serial && *serial > 0) out.push_back(static_cast<uint64_t>(*serial));
  }
  return out;
}

bool Record::ProcessEnded() const {
  const Node seen = root_["pid"]["process"];
  return !seen.exists() || seen["pid"].number() != process()["pid"].number() ||
         seen["state"].Is("Z") || seen["state"].Is("X");
}

std::string Record::Who() const { return NamedContainer(container()); }

std::string Record::Target() const {
  const std::string name = container()["name"].text();
  if (!name.empty()) return ShellWord(name);
  const int64_t pid = process()["pid"].number_or(0);
  return pid > 0 ? absl::StrCat("pid:", pid) : "TARGET";
}

bool Record::IsWhole(const Node& list) const {
  return list.is_array() && !root_["truncated"].Has(list.pointer());
}

bool Record::SharesHost(std::string_view kind) const {
  const std::optional<int64_t> own = root_["target"]["namespaces"][kind].number();
  return own && own == root_["world"]["host_namespaces"][kind].number();
}

std::vector<NetView> Record::OtherNets() const {
  std::vector<NetView> out;
  const std::optional<int64_t> own = root_["net"]["inode"].number();
  const auto add = [&](const Node& net, std::string owner, bool is_host) {
    if (!net.is_object() || (own && net["inode"].number() == own)) return;
    out.push_back({net, std::move(owner), is_host});
  };
  add(root_["host_net"], "the host", true);
  for (const Node& peer : root_["peer_nets"].items()) {
    const std::string owner = OneLine(peer["owner"].text());
    add(peer, owner.empty() ? "another container" : owner, false);
  }
  return out;
}

}  // namespace nsobs
