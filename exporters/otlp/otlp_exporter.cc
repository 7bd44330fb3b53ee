#include "exporters/otlp/otlp_exporter.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "exporters/otlp/ack_window.h"
#include "exporters/otlp/backoff.h"
#include "exporters/otlp/cursor_file.h"
#include "exporters/otlp/http_sender.h"
#include "exporters/otlp/outbox.h"
#include "exporters/otlp/request.h"
#include "userspace/base/file.h"
#include "userspace/base/log.h"
#include "userspace/base/mutex.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr size_t kMaxRecords = 500;
constexpr absl::Duration kWriteCursorEvery = absl::Seconds(5);
// The time up to which growth was looked for moves on when nothing else does.
constexpr int64_t kWriteGrowthEveryNs = int64_t{600} * 1000 * 1000 * 1000;
constexpr char kMachineId[] = "/etc/machine-id";

absl::Status CheckFile(const char* flag, const std::string& path) {
  if (path.empty() || access(path.c_str(), R_OK) == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(flag, ": ", std::string(ErrnoStatus(errno, path).message())));
}

std::string HostId() {
  auto text = ReadSmallFile(kMachineId, 256);
  return text.ok() ? std::string(absl::StripAsciiWhitespace(*text)) : "";
}

OtlpSender SenderOf(const OtlpOptions& options, const std::string& version) {
  OtlpSender sender{version, "", HostId(), {}};
  utsname names{};
  if (uname(&names) == 0) sender.host_name = names.nodename;
  for (const std::string& pair : options.resource) {
    const size_t equals = pair.find('=');
    sender.more.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
    if (sender.more.back().first == "host.id") sender.host_id = sender.more.back().second;
    if (sender.more.back().first == "host.name") sender.host_name = sender.more.back().second;
  }
  // Where machines have no id of their own their names must do.
  if (sender.host_id.empty()) sender.host_id = sender.host_name;
  return sender;
}

// A server that answers that it is there has lost nothing.
bool MayHaveLost(const OtlpPost& post) {
  switch (post.result) {
    case OtlpResult::kUnreachable:
    case OtlpResult::kTimeout:
    case OtlpResult::kServerError:
      return true;
    default:
      return false;
  }
}

}  // namespace

absl::Status CheckOtlp(const OtlpOptions& options) {
  NSOBS_RETURN_IF_ERROR(CheckFile("--otlp.headers-file", options.headers_file));
  NSOBS_RETURN_IF_ERROR(CheckFile("--otlp.ca-file", options.ca_file));
  NSOBS_RETURN_IF_ERROR(CheckFile("--otlp.cert-file", options.cert_file));
  NSOBS_RETURN_IF_ERROR(CheckFile("--otlp.key-file", options.key_file));
  if (options.cert_file.empty() == options.key_file.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("--otlp.cert-file and --otlp.key-file: one needs the other");
}

class OtlpExporter::Impl {
 public:
  Impl(const OtlpOptions& options, const std::string& version, std::string directory,
       const Clock* clock)
      : options_(options),
        sender_(SenderOf(options, version)),
        directory_(std::move(directory)),
        clock_(clock),
        http_(options, version, &stop_),
        window_(Begin(), options.rewind),
        written_(window_.now()),
        backoff_(static_cast<uint64_t>(clock->BootNs()) ^ static_cast<uint64_t>(getpid())) {
    for (const OtlpResult result : kOtlpResults) counts_.requests[Name(result)] = 0;
    for (const OtlpKind kind : kOtlpKinds) counts_.sent[std::string(Name(kind))] = 0;
    for (const char* cause : {"refused", "expired", "unreadable"}) counts_.lost[cause] = 0;
    counts_.on = true;
    thread_ = std::thread(&Impl::Run, this);
  }
  ~Impl() { Stop(); }

  OtlpCounts Counts() const {
    MutexLock lock(&mutex_);
    OtlpCounts counts = counts_;
    const int64_t waits = oldest_waiting_wall_ns_;
    if (waits > 0) {
      counts.lag_seconds = std::max(0.0, static_cast<double>(clock_->WallNs() - waits) / 1e9);
    }
    return counts;
  }

  void Stop() {
    stop_ = true;
    {
      MutexLock lock(&mutex_);
      stopping_ = true;
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  OtlpCursor Begin() const {
    absl::StatusOr<OtlpCursor> cursor = ReadCursor(directory_);
    if (cursor.ok()) return *cursor;
    if (!absl::IsNotFound(cursor.status())) {
      spdlog::warn("otlp: {}; all that is kept is sent again",
                   std::string(cursor.status().message()));
    }
    return {};
  }

  void Run() {
    while (!stop_) {
      const absl::Duration pause = Turn();
      WriteCursorIfDue(false);
      Wait(pause);
    }
    WriteCursorIfDue(true);
  }

  // One batch; how long to wait before the next.
  absl::Duration Turn() {
    absl::StatusOr<OtlpBatch> batch = NextBatch();
    if (!batch.ok()) {
      if (backoff_.failures() == 0) {
        spdlog::warn("otlp: timeline: {}", std::string(batch.status().message()));
      }
      return backoff_.Next(absl::ZeroDuration());
    }
    NoteWaiting(*batch);
    if (batch->records.empty()) {
      // No more than growth was looked for, in vain.
      window_.Acknowledge(batch->after, clock_->BootNs());
      return options_.interval;
    }
    return Send(*std::move(batch));
  }

  absl::StatusOr<OtlpBatch> NextBatch() {
    if (reader_ == nullptr) {
      NSOBS_ASSIGN_OR_RETURN(reader_, TimelineReader::Open(directory_));
      outbox_ = std::make_unique<Outbox>(reader_.get(), clock_, sender_.host_id);
    }
    return outbox_->Next(window_.now(), max_records_);
  }

  void NoteWaiting(const OtlpBatch& batch) {
    MutexLock lock(&mutex_);
    counts_.lost["expired"] += batch.expired;
    counts_.lost["unreadable"] += batch.unreadable;
    oldest_waiting_wall_ns_ = batch.oldest_wall_ns;
  }

  absl::Duration Send(OtlpBatch batch) {
    const size_t records = batch.records.size();
    std::string body = MakeOtlpRequest(sender_, std::move(batch.records));
    const bool gzip = options_.compression == "gzip";
    if (gzip) body = Gzip(body);
    OtlpPost post = http_.Post(body, gzip);
    OtlpAnswer answer;
    if (post.result == OtlpResult::kOk) {
      if (auto read = ReadOtlpAnswer(post.content_type, post.body)) {
        answer = *std::move(read);
      } else {
        post.result = OtlpResult::kBadAnswer;
        post.message = "the answer is not of OTLP";
      }
    }
    if (stop_ && post.result != OtlpResult::kOk) return absl::ZeroDuration();
    Count(post, body.size());
    if (post.result != OtlpResult::kOk) return Failed(post, records, batch);
    return Acknowledged(post, batch, answer);
  }

  void Count(const OtlpPost& post, size_t bytes) {
    MutexLock lock(&mutex_);
    ++counts_.requests[Name(post.result)];
    counts_.sent_bytes += bytes;
  }

  absl::Duration Acknowledged(const OtlpPost& post, const OtlpBatch& batch,
                              const OtlpAnswer& answer) {
    // A connection that was there is no more: the server may have been another process a moment
    // ago. What it had been given is sent to this one, too.
    const bool restarted = post.new_connection && connected_ && RewindNow();
    connected_ = true;
    if (backoff_.failures() > 0) spdlog::info("otlp: {} takes records", OtlpUrl(options_.endpoint));
    backoff_.Reset();
    {
      MutexLock lock(&mutex_);
      for (const OtlpKind kind : kOtlpKinds) {
        counts_.sent[std::string(Name(kind))] += batch.counts[static_cast<size_t>(kind)];
      }
      counts_.lost["refused"] += answer.rejected;
    }
    if (answer.rejected > 0 && !told_refused_) {
      told_refused_ = true;
      spdlog::warn("otlp: the server refused {} records: {}", answer.rejected,
                   ForLabel(answer.message, 200));
    }
    if (restarted) return absl::ZeroDuration();  // this batch comes again, in its turn
    window_.Acknowledge(batch.after, clock_->BootNs());
    accepted_ = true;
    max_records_ = std::min(kMaxRecords, max_records_ * 2);
    if (!batch.at_end) return absl::ZeroDuration();
    MutexLock lock(&mutex_);
    oldest_waiting_wall_ns_ = 0;
    return options_.interval;
  }

  absl::Duration Failed(const OtlpPost& post, size_t records, const OtlpBatch& batch) {
    if (backoff_.failures() == 0 || post.result == OtlpResult::kConfig) {
      spdlog::warn("otlp: {}: {}: {}; what waits stays in the timeline", OtlpUrl(options_.endpoint),
                   Name(post.result), post.message);
    }
    outbox_->Forget();
    if (MayHaveLost(post)) {
      connected_ = false;
      RewindNow();
    }
    const bool its_fault =
        post.result == OtlpResult::kTooLarge ||
        (post.result == OtlpResult::kRefused && post.message.starts_with("HTTP 400"));
    if (its_fault && records > 1) {
      max_records_ = std::max<size_t>(1, records / 2);
      return absl::ZeroDuration();  // which of them is it?
    }
    // One record alone that a server which took others does not want: the rest must not wait for
    // it.
    if (its_fault && (accepted_ || post.result == OtlpResult::kTooLarge)) {
      MutexLock lock(&mutex_);
      ++counts_.lost["refused"];
      window_.Acknowledge(batch.after, clock_->BootNs());
      return absl::ZeroDuration();
    }
    return backoff_.Next(post.retry_after);
  }

  bool RewindNow() {
    outbox_->Forget();
    if (!window_.Rewind(clock_->BootNs())) return false;
    MutexLock lock(&mutex_);
    ++counts_.rewinds;
    return true;
  }

  void WriteCursorIfDue(bool at_end) {
    const int64_t now = clock_->BootNs();
    if (!at_end && now < write_after_boot_ns_) return;
    const OtlpCursor& settled = window_.Settled(now);
    if (settled == written_ || (!at_end && !Differs(settled))) return;
    write_after_boot_ns_ = now + absl::ToInt64Nanoseconds(kWriteCursorEvery);
    const absl::Status status = WriteCursor(directory_, settled);
    if (status.ok()) written_ = settled;
    if (!status.ok() && !told_cursor_) {
      spdlog::warn("otlp: cursor: {}", std::string(status.message()));
    }
    told_cursor_ = !status.ok();
  }

  // Enough to be worth a write.
  bool Differs(const OtlpCursor& settled) const {
    OtlpCursor moved = written_;
    moved.grown_since_wall_ns = settled.grown_since_wall_ns;
    return settled != moved ||
           settled.grown_since_wall_ns - written_.grown_since_wall_ns > kWriteGrowthEveryNs;
  }

  void Wait(absl::Duration pause) {
    if (pause <= absl::ZeroDuration()) return;
    MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopping_; }, pause);
  }

  const OtlpOptions options_;
  const OtlpSender sender_;
  const std::string directory_;
  const Clock* const clock_;
  std::atomic<bool> stop_ = false;

  // Of the thread alone.
  HttpSender http_;
  AckWindow window_;
  OtlpCursor written_;
  Backoff backoff_;
  std::unique_ptr<TimelineReader> reader_;
  std::unique_ptr<Outbox> outbox_;
  size_t max_records_ = kMaxRecords;
  bool connected_ = false;     // the last request that came through left a connection
  bool accepted_ = false;      // this server took something
  bool told_refused_ = false;  // in the log, once
  bool told_cursor_ = false;
  int64_t write_after_boot_ns_ = 0;

  mutable Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  OtlpCounts counts_ ABSL_GUARDED_BY(mutex_);
  int64_t oldest_waiting_wall_ns_ ABSL_GUARDED_BY(mutex_) = 0;  // 0: nothing waits
  std::thread thread_;                                          // last: it uses the others
};

OtlpExporter::OtlpExporter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
OtlpExporter::~OtlpExporter() = default;

absl::StatusOr<std::unique_ptr<OtlpExporter>> OtlpExporter::Start(const OtlpOptions& options,
                                                                  const std::string& version,
                                                                  const std::string& directory,
                                                                  const Clock* clock) {
  NSOBS_RETURN_IF_ERROR(CheckOtlp(options));
  return std::unique_ptr<OtlpExporter>(
      new OtlpExporter(std::make_unique<Impl>(options, version, directory, clock)));
}

OtlpCounts OtlpExporter::Counts() const { return impl_->Counts(); }
void OtlpExporter::Stop() { impl_->Stop(); }

}  // namespace nsobs
