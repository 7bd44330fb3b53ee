// One owner of processes and namespaces as the correlator works on it: a container, a name of
// `ip netns`, or a process that made namespaces by itself.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/correlation/owner_rules.h"
#include "userspace/correlation/process_index.h"
#include "userspace/correlation/runtimes/state_file.h"
#include "userspace/event/container.h"
#include "userspace/event/enrichment.h"

namespace nsobs {

enum class OwnerSort : uint8_t {
  kContainer,  // of a runtime
  kNetns,      // named by `ip netns`
  kUnshare,    // nobody's but the process's that made it
};

struct Owner {
  OwnerSort sort = OwnerSort::kContainer;
  std::string key;  // what makes it one and the same; see OwnerTable
  OwnerFacts facts;
  Container draft;   // what Publish() makes public next
  ContainerRef ref;  // as published last; nullptr: never yet
  // An engine's answer about this life of it; nullptr: none.
  std::unique_ptr<Enrichment> enrichment;
  // The same with source "tombstone", for what comes after its death; nullptr while it lives.
  ContainerRef tombstone;

  // Cgroups by path may be claimed by anybody who can make a directory: an owner is shown only
  // once a process or a file confirms it.
  bool listed = false;
  bool named = false;      // by a file, not by a short id
  bool confirmed = false;  // the runtime's files name the cgroup that it was found by
  bool nested = false;     // inside another container: its files can't be seen from here
  int nested_count = 0;    // of containers in it
  uint32_t uid = 0;        // whose runtime's: root's, or another user's of the host
  std::vector<CgroupKey> cgroups;
  std::map<std::string, std::string> cgroup_paths;  // as its runtime says, of "" and "memory"
  std::optional<ProcessId> told_init;               // by its runtime; start_ticks 0: not told
  std::optional<ProcessId> init;
  bool init_is_alive = false;
  // Sort kUnshare: whom it is named after, and whether an engine made its namespaces, so that it
  // may turn out to be a container.
  std::optional<ProcessId> namesake;
  bool of_engine = false;
  bool nameless = false;  // until it turned out that it is none: "unknown mnt:[4026532460]"

  bool exit_told = false;
  std::string name_file;  // where its name stood; "": nowhere that changes
  FileVersion name_file_version;
  int64_t next_stat_boot_ns = 0;  // of looking whether that file has changed

  int64_t next_try_boot_ns = 0;  // of looking for its name
  int tries = 0;
  OwnerId became = 0;  // what it turned out to be; 0: itself
};

}  // namespace nsobs
