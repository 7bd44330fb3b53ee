#include "userspace/main/process_text.h"

#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"

namespace nsobs {

std::string ProcessText(const Json& process) {
  const std::optional<int64_t> pid = Number(process, "pid");
  if (!pid) return "unknown process";
  return absl::StrCat(ForTerminal(Text(process, "comm")), "[", *pid, "]");
}

std::string InnerProcessText(const Json& process) {
  const std::optional<int64_t> pid = Number(process, "pid");
  const int64_t inside = Number(process, "ns_pid").value_or(0);
  if (!pid || inside == 0 || inside == *pid) return ProcessText(process);
  return absl::StrCat(ForTerminal(Text(process, "comm")), "[", inside, "] (pid ", *pid, ")");
}

}  // namespace nsobs
