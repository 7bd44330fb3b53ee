#include "userspace/anomaly/rules/file_failure.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "userspace/anomaly/lru_map.h"
#include "userspace/anomaly/support.h"
#include "userspace/anomaly/window_count.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr size_t kMaxContainers = 1024;
constexpr size_t kMaxKnownFiles = 64;  // of one container: `find /` forgets only its own
constexpr uint64_t kMaxTold = 10;      // of one container in kToldWindowNs
constexpr int64_t kToldWindowNs = 60'000'000'000;

bool IsFailure(const FileFailure& f) {
  switch (f.error) {
    case EROFS:
    case ENOSPC:
    case EDQUOT:
    case EACCES:
    case EPERM:
      return true;
    default:
      return false;
  }
}

// What runtimes of languages and tools only try, and go on without: files of the kernel (but for
// sysctls), and where Python keeps what it compiled.
bool IsOptional(const FileFailure& f) {
  const std::string_view path = f.path;
  if (path.starts_with("/sys/")) return true;
  if (path.starts_with("/proc/")) return !path.starts_with("/proc/sys/");
  return path.find("/__pycache__") != path.npos || path == "/dev/tty" || path == "/dev/kmsg";
}

// `path` is `folder` or below it.
bool IsBelow(std::string_view path, std::string_view folder) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.remove_suffix(1);
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// A file that is not there, where somebody meant one to be: in a volume, or in the files of a
// container of the same pod. Programs look for so many others that those say nothing.
bool IsMissed(const FileFailure& f, const Container& container) {
  if (f.error != ENOENT || f.truncated || !f.path.starts_with('/')) return false;
  return container.pod.has_value() ||
         std::ranges::any_of(container.volumes,
                             [&](const std::string& at) { return IsBelow(f.path, at); });
}

class FileFailureRule : public Rule {
 public:
  explicit FileFailureRule(Severity severity) : severity_(severity) {}

  std::string_view name() const override { return "file_failure"; }

  void OnEvent(const ObservedEvent& event, const AnomalySink& sink) override {
    const auto* failure = std::get_if<FileFailure>(&event.event.detail);
    if (failure == nullptr || IsOptional(*failure)) return;
    // A visitor's troubles are not the container's.
    if (event.container == nullptr || event.plumbing || event.entered) return;
    const bool missed = IsMissed(*failure, *event.container);
    if (!missed && !IsFailure(*failure)) return;
    const std::string owner = OwnerKey(event.container);
    const std::string key = absl::StrCat(std::string(Name(failure->operation)), "|", failure->error,
                                         "|", failure->path);
    Known& known = known_.FindOrAdd(owner);
    if (known.keys.Find(key) != nullptr) return;
    known.keys.FindOrAdd(key);
    WindowCount& told = missed ? known.missed : known.told;
    if (told.Add(event.event.boot_ns, 1, kToldWindowNs) > kMaxTold) return;
    // Whether a missing file is a trouble is for the diagnosis to say.
    Fire(event, *failure, missed ? AtMost(severity_, Severity::kInfo) : severity_,
         absl::StrCat("file_failure|", owner, "|", key), sink);
  }

 private:
  struct Known {
    LruMap<std::string, bool> keys{kMaxKnownFiles};
    WindowCount told, missed;  // apart: the ones must not hide the others
  };

  void Fire(const ObservedEvent& event, const FileFailure& f, Severity severity, std::string key,
            const AnomalySink& sink) const {
    Anomaly a = Begin(name(), severity, event);
    a.key = std::move(key);
    const std::string operation(Name(f.operation));
    const std::string error = ErrnoName(f.error);
    a.summary = absl::StrCat(OwnerName(event.container), ": ", Who(event.event.process), " can't ",
                             operation, " ", f.path.empty() ? "a file" : f.path, ": ", error);
    a.facts = {
        {"operation", operation},   {"path", ToUtf8(f.path)}, {"path_source", Name(f.path_source)},
        {"truncated", f.truncated}, {"flags", f.flags},       {"errno", f.error},
        {"errno_name", error}};
    sink(std::move(a));
  }

  const Severity severity_;
  LruMap<std::string, Known> known_{kMaxContainers};
};

}  // namespace

std::unique_ptr<Rule> MakeFileFailureRule(const AnomalyOptions& options) {
  const auto severity = SeverityFrom(options.file_failure);
  return severity ? std::make_unique<FileFailureRule>(*severity) : nullptr;
}

}  // namespace nsobs
