// Sends the timeline to an OTLP server: events, findings and heads of snapshots, as log records.
//
// SQLite is the outbox: what was not acknowledged stays there, for as long as retention keeps it.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "exporters/otlp/options.h"
#include "userspace/base/clock.h"
#include "userspace/event/metrics_snapshot.h"

namespace nsobs {

// What is wrong with `options` that can be known without asking anybody: files that aren't there, a
// key without its certificate. FAILED_PRECONDITION where this build has no OTLP.
absl::Status CheckOtlp(const OtlpOptions& options);

// One thread of its own. It waits for nobody but the server: neither the pipeline nor the writer of
// the timeline ever waits for it, and it holds no transaction while it waits for the network.
class OtlpExporter {
 public:
  // `directory` is the timeline's; the cursor lies beside it. `clock` outlives the exporter. Errors
  // are CheckOtlp's.
  static absl::StatusOr<std::unique_ptr<OtlpExporter>> Start(const OtlpOptions& options,
                                                             const std::string& version,
                                                             const std::string& directory,
                                                             const Clock* clock);
  ~OtlpExporter();
  OtlpExporter(const OtlpExporter&) = delete;
  OtlpExporter& operator=(const OtlpExporter&) = delete;

  // Thread-safe.
  OtlpCounts Counts() const;

  // Gives up a request under way, writes the cursor down, joins the thread; within about a second.
  // Idempotent.
  void Stop();

 private:
  class Impl;
  explicit OtlpExporter(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace nsobs
