// Paths, mounts and who may do what: what several of the file cases ask.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "userspace/diagnosis/record.h"

namespace nsobs {

// The failure of a file operation with its path.
std::optional<Failure> FileFailure(const Record& record);
std::string OperationOf(const Failure& failure);  // "open", "write", "mount", ""

// What the record says of this very path; a place that does not exist if it is about another.
Node PathNode(const Record& record, std::string_view path);

// `path` is `folder` or below it.
bool IsBelow(std::string_view path, std::string_view folder);
// The mount that holds the path: as the record looked it up, else the longest mount point. The last
// one mounted at a point hides the others.
Node MountOf(const Record& record, std::string_view path);
// The runtime's own list: the mount whose destination is the longest to hold the path.
Node SpecMountOf(const Record& record, std::string_view path);

// A host uid as it is inside, if the map has it.
std::optional<int64_t> Inside(const Node& map, int64_t outside);
// "0 (100000 of the host)"
std::string UidText(const Node& map, int64_t outside);

struct Access {
  bool allowed = true;
  bool certain = false;  // of a refusal: groups can't be it
  std::string text;      // of a refusal: why
};
// Do owner and mode let the process have it? `wants` is 4 read, 2 write, 1 execute. Owners and the
// process's uid are those of the host. Nothing if it can't be said.
std::optional<Access> AccessOf(const Record& record, const Node& path, int wants);
int WantedBits(const Failure& failure);

bool HasCapability(const Record& record, std::string_view capability);
bool CapabilitiesKnown(const Record& record);

}  // namespace nsobs
