#include "userspace/main/process_text.h"

#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"

namespace nsobs {

std::string ProcessText(const Json& process) {
  const std::optional<int64_t> pid = Number(process, "pid");
  if (!pid) return "unknown process";
  const int64_t inside = Number(process, "ns_pid").value_or(0);
  const std::string comm = ForTerminal(Text(process, "comm"));
  if (inside == 0 || inside == *pid) return absl::StrCat(comm, "[", *pid, "]");
  return absl::StrCat(comm, "[", inside, "] (pid ", *pid, ")");
}

}  // namespace nsobs
