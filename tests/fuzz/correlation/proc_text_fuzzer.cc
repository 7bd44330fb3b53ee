// Any bytes as the texts of /proc that naming reads, where a process chooses what stands in them.
#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "userspace/correlation/engine_args.h"
#include "userspace/correlation/lxc_monitor.h"
#include "userspace/correlation/proc_text.h"
#include "userspace/correlation/user_domain.h"

namespace {

constexpr size_t kMaxIdRanges = 16;

void Require(bool condition) {
  if (!condition) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto stat = nsobs::ParseProcStat(text)) {
    // The name ends at the last parenthesis: what it holds of them is its own.
    Require(text.rfind(')') != std::string_view::npos);
    Require(text.find(stat->comm) != std::string_view::npos);
  }
  nsobs::ParseProcStatus(text);
  const nsobs::ProcCgroup cgroup = nsobs::ParseProcCgroup(text);
  Require(cgroup.unified.find('\n') == std::string::npos);
  Require(nsobs::ParseUidMap(text).size() <= kMaxIdRanges);
  for (const std::string& word : nsobs::SplitArgs(text)) Require(word.size() <= size);
  Require(nsobs::ParseCommandSockets(text).size() <= size);
  return 0;
}
