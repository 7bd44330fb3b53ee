// Paths of cgroups, which whoever may make a directory chooses. Whatever they say, the answer must
// hold together.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "userspace/correlation/cgroup_path.h"

namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using Type = nsobs::CgroupPath::Type;
  const std::string path(reinterpret_cast<const char*>(data), size);
  const nsobs::CgroupPath parsed = nsobs::ParseCgroupPath(path);
  Check(parsed.parents.empty() == parsed.outer_path.empty());
  if (parsed.type == Type::kHost) Check(parsed.id.empty() && parsed.container_path.empty());
  if (parsed.type == Type::kWeak) {
    Check(nsobs::IsSafeFileName(parsed.id) && parsed.parents.empty());
  }
  if (parsed.type != Type::kContainer) return 0;
  Check(!parsed.id.empty() && parsed.container_path.starts_with("/"));
  // What is inside a container stays in it: the path of the container alone means the same.
  const nsobs::CgroupPath alone = nsobs::ParseCgroupPath(parsed.container_path);
  Check(alone.type == Type::kContainer && alone.id == parsed.id);
  Check(alone.runtime == parsed.runtime && alone.parents == parsed.parents);
  Check(alone.container_path == parsed.container_path && alone.pod_uid == parsed.pod_uid);
  if (parsed.parents.empty()) return 0;
  const nsobs::CgroupPath outer = nsobs::ParseCgroupPath(parsed.outer_path);
  Check(outer.id == parsed.parents.front() && outer.parents.empty());
  Check(parsed.container_path.starts_with(parsed.outer_path + "/"));
  return 0;
}
