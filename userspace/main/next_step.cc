#include "userspace/main/next_step.h"

#include <unistd.h>

#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/config/did_you_mean.h"

namespace nsobs {
namespace {

constexpr size_t kMostNames = 10'000;

std::vector<std::string> NamesIn(TimelineReader& reader) {
  std::vector<std::string> names;
  const auto containers = reader.Containers();
  if (!containers.ok()) return names;
  for (const StoredContainer& stored : *containers) {
    if (names.size() >= kMostNames) break;
    const Container& c = stored.container;
    names.push_back(ToUtf8(c.pod ? absl::StrCat(*c.pod, "/", c.name) : c.name));
  }
  return names;
}

}  // namespace

absl::Status WithNearContainer(const absl::Status& status, const std::string& container,
                               TimelineReader& reader) {
  if (!absl::IsNotFound(status) || container.empty()) return status;
  const std::vector<std::string> names = NamesIn(reader);
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  return absl::NotFoundError(absl::StrCat(std::string(status.message()),
                                          ForTerminal(DidYouMean(container, candidates)),
                                          " (nsobserver containers --all lists them)"));
}

absl::Status WithSudo(const absl::Status& status) {
  if (!absl::IsPermissionDenied(status) || geteuid() == 0) return status;
  return Annotate(status, "needs root (try sudo)");
}

}  // namespace nsobs
