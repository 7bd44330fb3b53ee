#include "userspace/snapshot/diff/record_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Json = nlohmann::ordered_json;

std::vector<std::string> Texts(const char* before, const char* after) {
  std::vector<std::string> out;
  for (const Json& row : DiffRecords(Json::parse(before), Json::parse(after))) {
    out.push_back(row["text"]);
  }
  return out;
}

TEST(RecordDiffTest, ARowThatIsGone) {
  const Json diff = DiffRecords(Json::parse(R"({"net": {"routes": [
        {"family": "inet", "destination": "default", "gateway": "10.88.0.1", "link": "eth0",
         "table": 254, "type": "unicast", "metric": 0, "source": null},
        {"family": "inet", "destination": "10.88.0.0/16", "gateway": null, "link": "eth0",
         "table": 254, "type": "unicast", "metric": 0, "source": "10.88.0.5"}]}})"),
                                Json::parse(R"({"net": {"routes": [
        {"family": "inet", "destination": "10.88.0.0/16", "gateway": null, "link": "eth0",
         "table": 254, "type": "unicast", "metric": 0, "source": "10.88.0.5"}]}})"));
  ASSERT_EQ(diff.size(), 1);
  EXPECT_EQ(diff[0]["section"], "net");
  EXPECT_EQ(diff[0]["what"], "removed");
  EXPECT_EQ(diff[0]["path"], "/net/routes/inet 254 unicast default 0");
  EXPECT_EQ(diff[0]["before"]["gateway"], "10.88.0.1");
  EXPECT_FALSE(diff[0].contains("after"));
  EXPECT_EQ(diff[0]["text"], "route default via 10.88.0.1 dev eth0 is gone");
}

TEST(RecordDiffTest, ARowThatChangedShowsOnlyWhatDiffers) {
  const Json diff =
      DiffRecords(Json::parse(R"({"net": {"links": [{"name": "eth0", "up": true, "carrier": true,
                     "master": null, "mtu": 1500, "rx_dropped": 1}]}})"),
                  Json::parse(R"({"net": {"links": [{"name": "eth0", "up": false, "carrier": false,
                     "master": null, "mtu": 1500, "rx_dropped": 9}]}})"));
  ASSERT_EQ(diff.size(), 1);
  EXPECT_EQ(diff[0]["what"], "changed");
  EXPECT_EQ(diff[0]["before"].dump(), R"({"up":true,"carrier":true})");
  EXPECT_EQ(diff[0]["after"].dump(), R"({"up":false,"carrier":false})");
  EXPECT_EQ(diff[0]["text"], "link eth0 has up false, was true; carrier false, was true");
}

TEST(RecordDiffTest, NetworkInWords) {
  EXPECT_THAT(
      Texts(R"({"net": {"addresses": [], "listeners": [], "rules": [], "neighbours": [],
               "netfilter": {"rules": [], "chains": []}, "sysctls": {"ip_forward": 0}}})",
            R"({"net": {"addresses": [{"link": "eth0", "address": "10.0.0.2", "prefix": 24}],
               "listeners": [{"protocol": "tcp", "family": "inet6", "address": "::", "port": 80},
                 {"protocol": "unix_stream", "family": "unix", "path": "/run/a"}],
               "rules": [{"family": "inet", "priority": 5, "from": "all", "to": "1.2.3.4"}],
               "neighbours": [{"family": "inet", "address": "10.0.0.1", "link": "eth0"}],
               "netfilter": {"rules": [{"family": "ip", "table": "filter", "chain": "OUTPUT",
                 "handle": 4, "text": "tcp dport 5432 drop", "packets": 9}],
                 "chains": [{"family": "ip", "table": "filter", "name": "OUTPUT"}]},
               "sysctls": {"ip_forward": 1}}})"),
      ElementsAre("address 10.0.0.2/24 dev eth0 is new", "routing rule inet 5 all 1.2.3.4 is new",
                  "neighbour 10.0.0.1 dev eth0 is new", "listener tcp [::]:80 is new",
                  "listener unix_stream /run/a is new",
                  "packet filter chain ip filter OUTPUT is new",
                  "packet filter rule 4 of ip filter OUTPUT (tcp dport 5432 drop) is new",
                  "sysctl ip_forward: 1, was 0"));
}

TEST(RecordDiffTest, MountsProcessesAndLimits) {
  EXPECT_THAT(
      Texts(R"({"mnt": {"mounts": [
                 {"id": 1, "mount_point": "/data", "fstype": "ext4", "options": ["rw"]},
                 {"id": 2, "mount_point": "/data", "fstype": "tmpfs", "options": ["rw"]}]},
               "pid": {"processes": [
                 {"pid": 5, "ns_pid": 1, "comm": "init", "state": "R"},
                 {"pid": 6, "ns_pid": 2, "comm": "w", "state": "S"}], "zombies": 0,
                 "init": {"limits": {"nofile": {"soft": 1024, "hard": 2048}}, "vm_rss_bytes": 1,
                   "signals": {"caught": ["TERM"], "pending": []}, "open_files": 3}},
               "cgroup": {"memory": {"limit_bytes": null, "usage_bytes": 1, "oom_kills": 0},
                 "ancestors": [{"path": "/a", "limit_bytes": 5, "usage_bytes": 4}]}})",
            R"({"mnt": {"mounts": [
                 {"id": 9, "mount_point": "/data", "fstype": "ext4", "options": ["ro"]}]},
               "pid": {"processes": [
                 {"pid": 15, "ns_pid": 1, "comm": "init", "state": "S"},
                 {"pid": 16, "ns_pid": 2, "comm": "w", "state": "Z"}], "zombies": 1,
                 "init": {"limits": {"nofile": {"soft": 512, "hard": 2048}}, "vm_rss_bytes": 2,
                   "signals": {"caught": [], "pending": ["HUP"]}, "open_files": 4}},
               "cgroup": {"memory": {"limit_bytes": 4096, "usage_bytes": 2, "oom_kills": 1},
                 "ancestors": [{"path": "/a", "limit_bytes": 6, "usage_bytes": 5}]}})"),
      ElementsAre("mount /data (ext4) has options ro, was rw", "mount /data (tmpfs) is gone",
                  "process w[2] has state Z, was running", "zombies: 1, was 0",
                  "init limits/nofile/soft: 512, was 1024", "init signals/caught: none, was TERM",
                  "memory limit_bytes: 4096, was none", "memory oom_kills: 1, was 0",
                  "ancestor cgroup /a has limit_bytes 6, was 5"));
}

TEST(RecordDiffTest, WhatMovesByItselfIsNoChange) {
  EXPECT_THAT(
      Texts(R"({"took_ns": 1, "net": {"neighbours": [{"family": "inet", "address": "10.0.0.1",
               "link": "eth0", "state": "reachable"}], "listeners": [{"protocol": "tcp",
               "family": "inet", "address": "0.0.0.0", "port": 80, "inode": 5,
               "process": {"pid": 1, "comm": "web", "ns_pid": 1}}], "tcp_states": {"listen": 1}}})",
            R"({"took_ns": 2, "net": {"neighbours": [{"family": "inet", "address": "10.0.0.1",
               "link": "eth0", "state": "stale"}], "listeners": [{"protocol": "tcp",
               "family": "inet", "address": "0.0.0.0", "port": 80, "inode": 6,
               "process": {"pid": 2, "comm": "web", "ns_pid": 1}}], "tcp_states": {"listen": 2}}})"),
      IsEmpty());
}

TEST(RecordDiffTest, AnotherNamespaceAndSmallSections) {
  EXPECT_THAT(Texts(R"({"net": {"inode": 1}, "uts": {"hostname": "a"}, "user": {"uid_map":
                       [{"inside": 0, "outside": 0, "count": 1}], "root_is_root": true},
                       "mnt": {"overlay": {"upperdir": "/u"}}})",
                    R"({"net": {"inode": 2}, "uts": {"hostname": "b"}, "user": {"uid_map":
                       [{"inside": 0, "outside": 7, "count": 1}], "root_is_root": false},
                       "mnt": {"overlay": null}})"),
              ElementsAre("the net namespace is another: 2, was 1", "overlay of / is gone",
                          "uts hostname: b, was a", "user root_is_root: false, was true",
                          "uid mapping 0 has outside 7, was 0"));
}

TEST(RecordDiffTest, NothingIsConcludedFromWhatIsMissingOrCut) {
  EXPECT_THAT(Texts(R"({"net": {"links": [{"name": "lo"}]}})", R"({"net": {}})"), IsEmpty());
  EXPECT_THAT(Texts(R"({})", R"({"mnt": {"mounts": []}})"), IsEmpty());
  EXPECT_THAT(Texts(R"({"net": {"links": [{"name": "a"}, {"name": "b"}]}})",
                    R"({"net": {"links": [{"name": "c"}]}, "truncated": ["/net/links"]})"),
              ElementsAre("link c is new"));
}

TEST(RecordDiffTest, WhatOnlyTheTriggerAskedForIsNoNews) {
  const char* const healthy = R"({"net": {"route_to": null}, "mnt": {"path": null}})";
  const char* const later = R"({"net": {"route_to": {"type": "unicast"}},
                                "mnt": {"path": {"path": "/data"}}})";
  EXPECT_THAT(Texts(healthy, later), IsEmpty());
  EXPECT_THAT(Texts(later, healthy), IsEmpty());
}

TEST(RecordDiffTest, RecordsOfAnyShape) {
  EXPECT_THAT(Texts("7", "[]"), IsEmpty());
  EXPECT_THAT(Texts(R"({"net": 7, "mnt": {"mounts": 7}, "pid": {"processes": [7, null]}})",
                    R"({"net": [], "mnt": {"mounts": {}}, "pid": {"processes": ["x"]}})"),
              IsEmpty());
}

}  // namespace
}  // namespace nsobs
