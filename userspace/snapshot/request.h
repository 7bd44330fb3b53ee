// What is to be looked at, and how far.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "userspace/event/anomaly.h"
#include "userspace/event/namespace_kind.h"
#include "userspace/event/process.h"

namespace nsobs {

// The sections of a record that can be asked for; names as in event/SNAPSHOT.md.
enum class Section : uint8_t {
  kNet,       // of the target
  kHostNet,   // the same of the host, without what only matters in a container
  kPeerNets,  // links, addresses and listeners of `peers`; the packet filter of the destination's
  kMnt,
  kPid,
  kCgroup,
  kUts,
  kIpc,
  kTime,
  kUser,
};

// A namespace of another container: net of `peers`, mnt of `mates`.
struct PeerNamespace {
  std::string owner;     // name of the container, for people
  std::string owner_id;  // its id
  ProcessKey process;    // one that lives in it
  uint32_t inode = 0;    // verified after opening
};

struct SnapshotRequest {
  // Whose namespaces: verified by start time after opening. pid 0: only `net_fd` is there.
  ProcessKey target;
  uint32_t init_pid = 0;    // of the target's container; 0: none or not known
  NamespaceSet namespaces;  // as expected; a difference is reported in the record
  int net_fd = -1;          // a net namespace that is held open, for a target that ended; not owned
  std::vector<Section> sections;
  std::vector<PeerNamespace> peers;  // at most 64
  // The other containers of its pod: whether one of them has `path`. At most 8.
  std::vector<PeerNamespace> mates;
  // What failed, to be explained: a destination whose route, neighbour and packet filter rules
  // matter, and a path whose mount matters.
  std::string protocol;     // "tcp", "udp", ""
  std::string destination;  // address; "" none
  uint16_t port = 0;
  std::string path;  // as the target sees it; raw bytes
  // Cgroups of the target below the mount points, by controller ("" the unified one), e.g.
  // {"memory", "/docker/7c75..."}: for one that has ended. A living one's are those of
  // /proc/PID/cgroup.
  std::vector<std::pair<std::string, std::string>> cgroup_paths;
  std::string bundle_config;  // the runtime's OCI config.json on the host; "" not known
  // Look for what was copied up in the overlay of /: a walk over what the container wrote.
  bool copied_up = false;
  absl::Duration deadline = absl::Seconds(2);
  uint64_t max_bytes = 1 << 20;  // of the record's JSON
};

// Which sections explain it: only the namespace kinds that matter. Pure.
std::vector<Section> PlanSections(const Anomaly& anomaly);

}  // namespace nsobs
