#include "tests/unit/main/record_samples.h"

#include "tests/unit/main/samples.h"
#include "userspace/base/clock.h"
#include "userspace/event/event_json.h"

namespace nsobs {
namespace {

Json SampleNet() {
  return Json::parse(R"json({
    "inode": 4026532846,
    "links": [{"index": 1, "name": "lo", "kind": "lo", "up": true, "carrier": true, "mtu": 65536, "master": null},
              {"index": 2, "name": "eth0", "kind": "veth", "up": true, "carrier": false, "mtu": 1500, "master": null},
              {"index": 3, "name": "eth1", "kind": "veth", "up": false, "carrier": false, "mtu": 1500, "master": "br0"}],
    "addresses": [{"link": "lo", "family": "inet", "address": "127.0.0.1", "prefix": 8, "scope": "host"},
                  {"link": "eth0", "family": "inet", "address": "10.88.0.7", "prefix": 16, "scope": "global"},
                  {"link": "eth0", "family": "inet6", "address": "fe80::1", "prefix": 64, "scope": "link"}],
    "routes": [{"family": "inet", "destination": "default", "gateway": "10.88.0.1", "link": "eth0", "table": 254, "type": "unicast"},
               {"family": "inet", "destination": "127.0.0.0/8", "gateway": null, "link": "lo", "table": 255, "type": "local"}],
    "listeners": [{"protocol": "tcp", "family": "inet", "address": "0.0.0.0", "port": 8080, "uid": 0, "process": {"pid": 8123, "comm": "node", "ns_pid": 1}},
                  {"protocol": "tcp", "family": "inet6", "address": "::1", "port": 9090, "uid": 1000, "process": null},
                  {"protocol": "unix_stream", "family": "unix", "address": "", "path": "/run/app.sock", "uid": 0, "process": null}],
    "netfilter": {"available": true, "rules": [{"family": "ip", "table": "filter", "chain": "OUTPUT", "text": "tcp dport 5432 drop", "verdict": "drop", "packets": 12}]},
    "resolv_conf": {"path": "/etc/resolv.conf", "nameservers": ["127.0.0.53"], "search": ["example.org", "lan"], "options": ["ndots:5"]},
    "hosts": [{"address": "10.88.0.7", "names": ["web", "web.lan"]}]})json");
}

}  // namespace

Json SampleRecord() {
  Json record = {
      {"version", 1},
      {"time", FormatRfc3339(kSampleWallNs)},
      {"trigger",
       {{"rule", "connect_failure"},
        {"severity", "warning"},
        {"summary", "curl in web can't reach 127.0.0.1:5432 (ECONNREFUSED), 3 times"},
        {"events", Json::array()}}},
      {"target",
       {{"container", ToJson(WebContainer())}, {"process", {{"pid", 8123}}}, {"alive", true}}},
      {"before", Json::array()},
      {"net", SampleNet()}};
  record["peer_nets"] = Json::parse(R"json([{"owner": "cache", "listeners": []},
    {"owner": "db", "netfilter": {"available": true, "rules": [{"family": "inet", "table": "guard", "chain": "in", "hook": "input", "text": "tcp dport 5432 counter drop", "verdict": "drop", "packets": 3}]}}])json");
  record["mnt"] = Json::parse(R"json({"mounts": [
    {"mount_point": "/", "fstype": "overlay", "source": "overlay", "options": ["rw"], "super_options": ["rw"], "free_bytes": 52428800},
    {"mount_point": "/data", "fstype": "ext4", "source": "/dev/vda1", "options": ["ro"], "super_options": ["rw"], "free_bytes": null}]})json");
  record["pid"] = Json::parse(R"json({"processes": [
    {"pid": 8123, "ns_pid": 1, "comm": "node", "state": "S", "wait_channel": "do_epoll_wait"},
    {"pid": 8150, "ns_pid": 9, "comm": "sh", "state": "Z", "wait_channel": null}], "zombies": 1})json");
  record["cgroup"] = Json::parse(
      R"json({"memory": {"limit_bytes": 67108864, "usage_bytes": 66060288, "limit_hits": 7, "oom_kills": 1},
    "cpu": {"throttled_ns": 3000000000}, "pids": {"current": 2, "limit": null}})json");
  record["uts"] = {{"hostname", "web"}, {"domainname", "(none)"}};
  record["user"] = {{"uid_map", {{{"inside", 0}, {"outside", 1000}, {"count", 1}}}}};
  record["errors"] = {{{"section", "ipc"}, {"what", "no permission"}}};
  record["truncated"] = {"/net/routes"};
  return record;
}

Json HostileRecord() {
  const std::string evil = "x\x1b[2J\x07\n\xe2\x80\xae";
  Json record = SampleRecord();
  record["trigger"]["summary"] = evil;
  record["target"]["container"]["name"] = evil;
  for (const char* list : {"listeners", "links", "routes", "addresses"}) {
    for (Json& entry : record["net"][list]) {
      for (auto& [key, value] : entry.items()) {
        if (value.is_string()) value = evil;
      }
    }
  }
  record["net"]["listeners"][0]["process"]["comm"] = evil;
  record["net"]["netfilter"]["rules"][0]["text"] = evil;
  record["peer_nets"][1]["owner"] = record["peer_nets"][1]["netfilter"]["rules"][0]["hook"] = evil;
  record["net"]["resolv_conf"]["nameservers"][0] = evil;
  record["mnt"]["mounts"][0]["mount_point"] = evil;
  record["pid"]["processes"][0]["comm"] = evil;
  record["uts"]["hostname"] = evil;
  record["errors"][0]["what"] = evil;
  return record;
}

Json MisshapenRecord() {
  Json record = SampleRecord();
  for (auto& [key, section] : record.items()) {
    if (!section.is_object()) {
      section = {{"a", 1}};
      continue;
    }
    for (auto& [name, value] : section.items()) {
      if (value.is_array()) {
        value = {1, nullptr, "x", {{"links", 5}}, Json::array({7})};
      } else if (value.is_object()) {
        value = Json::array({value});
      } else {
        value = {{"x", value}};
      }
    }
  }
  return record;
}

Finding SampleFinding() {
  Finding finding;
  finding.case_id = "net-loopback";
  finding.summary =
      "nothing listens on port 5432 in the network namespace of web; postgres listens there on the "
      "host";
  finding.confidence = Confidence::kCertain;
  finding.evidence = {
      {"web has no listener on port 5432", "/net/listeners", {{"ports", {8080, 9090}}}},
      {"the host has one", "/host_net/listeners/3", {{"address", "127.0.0.1"}, {"port", 5432}}}};
  finding.fix = "connect to the host's address, e.g. host.containers.internal:5432";
  finding.check = "nsobserver enter web -- ss -ltn";
  return finding;
}

StoredFinding Stored(int64_t id, const Finding& finding, const Json& container, int64_t snapshot) {
  StoredFinding out{
      id, kSampleWallNs, finding.case_id, std::string(Name(finding.confidence)), finding.summary,
      ""};
  Json json = {{"id", id}};
  json.update(ToJson(finding, kSampleWallNs, container));
  json["events"] = {41, 43};
  json["snapshot"] = snapshot;
  out.json = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return out;
}

StoredSnapshot StoredRecord(int64_t id, const Json& record, const std::string& rule) {
  StoredSnapshot out;
  out.id = id;
  out.wall_ns = kSampleWallNs;
  out.target = "web";
  out.rule = rule;
  out.severity = rule.empty() ? "" : "warning";
  out.record = record.dump(-1, ' ', false, Json::error_handler_t::replace);
  out.raw_bytes = static_cast<int64_t>(out.record.size());
  const Json json = {{"id", id},
                     {"target", "web"},
                     {"summary", Text(Child(record, "trigger"), "summary")},
                     {"findings", {id * 2}}};
  out.json = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return out;
}

Stages FakeStages(std::vector<Finding> findings) {
  Stages stages;
  stages.start_snapshotter = []() -> absl::StatusOr<std::unique_ptr<Snapshotter>> {
    return absl::UnimplementedError("no look in a test");
  };
  stages.diagnose = [findings](const Json&) { return findings; };
  stages.checked_cases = [](const Json&) {
    return std::vector<std::string>{"net-dns", "oom-host"};
  };
  stages.diff = [](const Json& a, const Json& b) {
    Json out = Json::array();
    if (a != b) {
      out.push_back({{"section", "net"}, {"what", "added"}, {"text", "route x\x1b is new"}});
    }
    return out;
  };
  return stages;
}

}  // namespace nsobs
