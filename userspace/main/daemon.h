// The observer as a whole: made in the order in which things can fail, torn down in reverse.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "exporters/otlp/otlp_exporter.h"
#include "exporters/prometheus/prometheus_exporter.h"
#include "exporters/web/api.h"
#include "exporters/web/web_server.h"
#include "userspace/base/clock.h"
#include "userspace/collector/probe_set.h"
#include "userspace/config/config.h"
#include "userspace/correlation/correlator.h"
#include "userspace/enrichment/enricher.h"
#include "userspace/main/handover.h"
#include "userspace/pipeline/control_server.h"
#include "userspace/pipeline/helper_log.h"
#include "userspace/pipeline/metrics_builder.h"
#include "userspace/pipeline/pipeline.h"
#include "userspace/snapshot/snapshotter.h"
#include "userspace/timeline/timeline.h"

namespace nsobs {

// The parts of the configuration that the kernel side takes.
ProbeOptions ProbeOptionsOf(const Config& config);
ProbeSettings ProbeSettingsOf(const Config& config);

class Daemon {
 public:
  // Observes and serves when it returns. Errors are one line each for the person who started it.
  // `clock` and `manager` outlive it.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const Config& config, const Clock* clock,
                                                       ServiceManager* manager);
  ~Daemon();  // as a crash would leave it, unless Stop() was called

  // Takes over what may change while running.
  void Apply(const Config& config);
  enum class Next {
    kNobody,     // nothing is left in the kernel
    kSuccessor,  // programs and rings go on for a while, for the next daemon on this storage
  };
  // Writes what is under way and records a clean stop.
  void Stop(Next next);

  int port() const { return web_->port(); }
  Pipeline::Turns turns() const { return pipeline_->turns(); }

 private:
  Daemon(const Config& config, const Clock* clock, ServiceManager* manager);
  void StartSnapshotter();
  absl::Status OpenTimeline(const Config& config);
  absl::Status LoadProbes(const Config& config);
  bool AdoptProbes(const Config& config);
  void KeepProbes();
  absl::Status StartPipeline(const Config& config);
  absl::Status StartWeb(const Config& config);
  void StartControl(const Config& config);
  absl::Status StartOtlp(const Config& config);
  std::string Metrics();

  const Clock* const clock_;
  Handover handover_;
  HandoverCounts handovers_;
  std::atomic<bool> started_{false};
  HelperLog helpers_;
  std::unique_ptr<Snapshotter> snapshotter_;  // nullptr: for the reason that stands beside it
  absl::Status snapshotter_status_;
  TimelineOpenReport open_report_;
  std::unique_ptr<Timeline> timeline_;
  std::unique_ptr<ProbeSet> probes_;
  std::unique_ptr<Correlator> correlator_;
  std::unique_ptr<Enricher> enricher_;  // nullptr: engines are not asked
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<ControlServer> control_;  // nullptr: it could not be had
  std::unique_ptr<OtlpExporter> otlp_;      // nullptr: nothing is sent
  std::unique_ptr<MetricsBuilder> metrics_;
  std::unique_ptr<PrometheusExporter> exporter_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<WebServer> web_;
};

}  // namespace nsobs
