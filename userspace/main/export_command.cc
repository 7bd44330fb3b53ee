#include "userspace/main/export_command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "userspace/base/clock.h"
#include "userspace/base/fd.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/main/human_text.h"
#include "userspace/main/progress.h"
#include "userspace/main/record_views.h"

namespace nsobs {
namespace {

// More than what the daemon gives over HTTP: this process holds nothing else in memory.
constexpr size_t kMaxEvents = 100000;
constexpr size_t kMaxBytes = size_t{256} << 20;

absl::StatusOr<std::string> Made(const ExportOptions& options) {
  const Progress progress(STDERR_FILENO, "gathering what happened");
  NSOBS_ASSIGN_OR_RETURN(const auto reader, TimelineReader::Open(options.storage_path));
  IncidentQuery query;
  query.since_wall_ns = options.since_wall_ns;
  query.until_wall_ns = options.until_wall_ns;
  query.container = options.container;
  query.max_events = kMaxEvents;
  query.max_bytes = kMaxBytes;
  IncidentFacts facts = HostIncidentFacts();
  facts.now_wall_ns = SystemClock().WallNs();
  NSOBS_ASSIGN_OR_RETURN(std::string incident,
                         BuildIncident(query, facts, RealViews(), reader.get()));
  return options.html ? IncidentPage(incident) : incident + "\n";
}

absl::Status WriteAll(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, path);
    text.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

// Readable by its owner alone: it tells what runs on the host.
absl::Status Replace(const std::string& path, std::string_view text) {
  const std::string fresh = absl::StrCat(path, ".", getpid(), ".new");
  constexpr mode_t kOwnerOnly = 0600;
  UniqueFd fd(open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly));
  if (!fd.ok()) return ErrnoStatus(errno, path);
  absl::Status status = WriteAll(fd.get(), text, path);
  if (status.ok() && rename(fresh.c_str(), path.c_str()) != 0) status = ErrnoStatus(errno, path);
  if (!status.ok()) unlink(fresh.c_str());
  return status;
}

}  // namespace

int ExportCommand(const ExportOptions& options, const Console& console) {
  const absl::StatusOr<std::string> made = Made(options);
  if (absl::IsPermissionDenied(made.status())) {
    return console.Fail(Annotate(made.status(), "needs root"));
  }
  if (!made.ok()) return console.Fail(made.status());
  if (options.file == "-") {
    console.out << *made << std::flush;
    return kExitDone;
  }
  if (const absl::Status status = Replace(options.file, *made); !status.ok()) {
    return console.Fail(status);
  }
  console.out << ForTerminal(options.file) << ": " << HumanBytes(made->size()) << "\n";
  return kExitDone;
}

}  // namespace nsobs
