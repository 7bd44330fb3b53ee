#include "userspace/main/daemon.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <utility>

#include "userspace/base/log.h"
#include "userspace/base/status_util.h"
#include "userspace/collector/missing_call.h"
#include "userspace/config/value_text.h"
#include "userspace/main/host_view.h"
#include "userspace/main/record_views.h"
#include "userspace/main/version.h"

namespace nsobs {
namespace {

std::string KernelRelease() {
  utsname name{};
  uname(&name);
  return name.release;
}

double CpuLimitOf(const Config& config) {
  return static_cast<double>(config.budget.cpu_percent) / 100;
}

void LogProbes(const ProbeSet& probes) {
  for (const ProbeState& state : probes.states()) {
    if (state.attached) {
      spdlog::info("source {}: {}", state.source, state.hook);
    } else if (state.reason.starts_with("--") ||  // as it was asked for
               state.reason.starts_with(kNoSuchCall)) {
      spdlog::debug("source {}: {}", state.source, state.reason);
    } else {
      spdlog::warn("source {}: off ({})", state.source, state.reason);
    }
  }
}

}  // namespace

ProbeOptions ProbeOptionsOf(const Config& config) {
  ProbeOptions out;
  out.critical_ring_bytes = config.ring.critical_bytes;
  out.bulk_ring_bytes = config.ring.bulk_bytes;
  out.syscall_hooks = config.probes.syscall_hooks;
  out.io_uring_hook = config.probes.io_uring;
  out.files = config.probes.files.on;
  out.files_where_free = config.probes.files.where_free;
  out.files_watched = !config.probes.files.containers.empty();
  out.dns = config.probes.dns;
  return out;
}

ProbeSettings ProbeSettingsOf(const Config& config) {
  ProbeSettings out;
  out.told_signals = config.signals.told;
  out.bulk_rate_per_second = config.budget.events_per_second;
  out.bulk_burst = config.budget.burst;
  out.abandoned_told_after_ns = absl::ToInt64Nanoseconds(config.connect.abandoned_after);
  out.dns_timeout_ns = absl::ToInt64Nanoseconds(config.dns.timeout);
  out.run_window_ns = absl::ToInt64Nanoseconds(config.coalesce.window);
  return out;
}

Daemon::Daemon(const Config& config, const Clock* clock, ServiceManager* manager)
    : clock_(clock),
      handover_(config.storage.path, absl::Seconds(static_cast<int64_t>(config.handover.seconds)),
                manager),
      helpers_(clock) {}

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(const Config& config, const Clock* clock,
                                                      ServiceManager* manager) {
  if (!config.otlp.endpoint.empty()) NSOBS_RETURN_IF_ERROR(CheckOtlp(config.otlp));
  std::unique_ptr<Daemon> daemon(new Daemon(config, clock, manager));
  daemon->StartSnapshotter();  // forks: before threads, BPF and the database
  NSOBS_RETURN_IF_ERROR(daemon->OpenTimeline(config));
  NSOBS_RETURN_IF_ERROR(daemon->StartWeb(config));
  NSOBS_RETURN_IF_ERROR(daemon->LoadProbes(config));
  NSOBS_RETURN_IF_ERROR(daemon->StartPipeline(config));
  daemon->StartControl(config);
  NSOBS_RETURN_IF_ERROR(daemon->StartOtlp(config));
  daemon->started_ = true;
  return daemon;
}

// Without it the observer still sees, counts and remembers; said once everything else is well,
// since what can't start at all says so in one line.
void Daemon::StartSnapshotter() {
  SnapshotterOptions options;
  options.replace_zygote = true;
  options.replaced = [this](const HelperEnd& end) {
    spdlog::warn("snapshots: another {} process was started ({})", end.process, end.text);
    helpers_.Add(end);
  };
  options.zygote_begins = [this](int pid) { probes_->set_own_zygote(pid); };
  auto snapshotter = Snapshotter::Start(std::move(options));
  if (snapshotter.ok()) {
    snapshotter_ = *std::move(snapshotter);
  } else {
    snapshotter_status_ = snapshotter.status();
  }
}

absl::Status Daemon::OpenTimeline(const Config& config) {
  TimelineOptions options;
  options.directory = config.storage.path;
  options.retention_age = config.storage.retention_age;
  options.retention_bytes = config.storage.retention_bytes;
  NSOBS_ASSIGN_OR_RETURN(timeline_, Timeline::Open(options, clock_, &open_report_));
  for (const std::string& note : open_report_.notes) spdlog::warn("timeline: {}", note);
  return absl::OkStatus();
}

absl::Status Daemon::LoadProbes(const Config& config) {
  if (!AdoptProbes(config)) {
    NSOBS_ASSIGN_OR_RETURN(probes_,
                           ProbeSet::Load(ProbeOptionsOf(config), ProbeSettingsOf(config)));
  }
  if (snapshotter_ != nullptr) probes_->set_own_zygote(snapshotter_->zygote_pid());
  return probes_->SelfTest();
}

// What a predecessor on this storage left in the kernel. Behind the timeline's lock: there is one
// of us. False: there is nothing that fits.
bool Daemon::AdoptProbes(const Config& config) {
  absl::StatusOr<FdBundle> left = handover_.Take();
  if (absl::IsNotFound(left.status())) return false;
  absl::Status status = left.status();
  if (config.handover.seconds == 0) status = absl::FailedPreconditionError("--handover.seconds=0");
  if (status.ok()) {
    auto probes =
        ProbeSet::Adopt(ProbeOptionsOf(config), ProbeSettingsOf(config), *std::move(left));
    status = probes.status();
    if (probes.ok()) probes_ = *std::move(probes);
  }
  if (status.ok()) {
    handover_.Adopted();
    ++handovers_.adopted;
    spdlog::info("handover: the programs in the kernel went on, and are taken over");
    return true;
  }
  left = absl::NotFoundError("");  // closes what it held
  handover_.Refuse();
  ++handovers_.refused;
  spdlog::warn("handover: what the last daemon left can't be taken over: {}",
               std::string(status.message()));
  return false;
}

// Without it we observe all the same; only the next restart has a gap then.
void Daemon::KeepProbes() {
  if (handover_.kept()) return;
  absl::StatusOr<FdBundle> bundle = probes_->Bundle();
  const absl::Status status = bundle.ok() ? handover_.Keep(*bundle) : bundle.status();
  if (!status.ok()) spdlog::warn("handover: {}", std::string(status.message()));
}

// Attached before the host is scanned: what is born meanwhile waits on the rings.
absl::Status Daemon::StartPipeline(const Config& config) {
  probes_->Attach();
  LogProbes(*probes_);
  KeepProbes();
  if (!snapshotter_status_.ok()) {
    spdlog::warn("snapshots are off: {}", std::string(snapshotter_status_.message()));
  }
  CorrelatorOptions correlation = CorrelatorOptionsOf(config);
  correlation.list_tasks = [probes = probes_.get()] { return probes->ListTasks(); };
  correlator_ = std::make_unique<Correlator>(std::move(correlation), clock_);
  NSOBS_RETURN_IF_ERROR(correlator_->ScanHost());
  PipelineOptions options;
  options.coalesce_window = config.coalesce.window;
  options.watch.anomaly = config.anomaly;
  if (config.engines.ask != "off") {
    enricher_ = std::make_unique<Enricher>(config.engines,
                                           RealEngineAccess(config.engines.deadline), clock_);
    options.enricher = enricher_.get();
  }
  options.helpers = &helpers_;
  options.budget = {.limit = CpuLimitOf(config), .window = config.budget.cpu_window};
  options.files_of = config.probes.files.containers;
  if (handover_.kept()) options.loading_id = probes_->id();
  options.adopted = handovers_.adopted > 0;
  NSOBS_ASSIGN_OR_RETURN(pipeline_, Pipeline::Create(options, probes_.get(), correlator_.get(),
                                                     timeline_.get(), snapshotter_.get(), clock_));
  metrics_ =
      std::make_unique<MetricsBuilder>(BuildFacts{kVersion, kRevision, KernelRelease()},
                                       probes_.get(), correlator_.get(), pipeline_.get(), clock_);
  if (handovers_.adopted > 0) metrics_->Inherit();
  if (handovers_.adopted > 0 && open_report_.gap && !pipeline_->has_hole()) {
    open_report_.gap->part = "reading";
    open_report_.gap->reason = "restarted; what happened meanwhile waited in the kernel";
  }
  pipeline_->Start(open_report_.gap);
  if (enricher_ != nullptr) enricher_->Start();
  return absl::OkStatus();
}

// Before the costly parts: a port in use is told at once. Not ready until everything runs.
absl::Status Daemon::StartWeb(const Config& config) {
  PrometheusOptions prometheus;
  prometheus.max_series = config.metrics.max_series;
  exporter_ = std::make_unique<PrometheusExporter>(prometheus);
  WebOptions options;
  options.listen_address = HostPortText(config.web.listen_address);
  options.version = kVersion;
  options.config_file = config.web.config_file;
  options.front = true;
  WebHandlers handlers;
  handlers.metrics = [this] { return started_ ? Metrics() : std::string(); };
  handlers.ready = [this](std::string* why_not) {
    if (!started_) {
      *why_not = "still starting";
      return false;
    }
    if (pipeline_->writer().storage_ok()) return true;
    *why_not = "the timeline can't be written";
    return false;
  };
  api_ = std::make_unique<Api>(ApiOptions{config.storage.path, HostIncidentFacts()}, RealViews(),
                               clock_);
  handlers.api = api_.get();
  handlers.front_replaced = [this](const HelperEnd& end) { helpers_.Add(end); };
  NSOBS_ASSIGN_OR_RETURN(web_, WebServer::Start(options, std::move(handlers)));
  return absl::OkStatus();
}

// Observing goes on without it: only snapshots and entries made by hand are then not kept.
void Daemon::StartControl(const Config& config) {
  ControlHandlers handlers;
  handlers.store_snapshot = [this](SnapshotRow row) { return pipeline_->Store(std::move(row)); };
  handlers.record_event = [this](ObservedEvent e) { return pipeline_->Store(std::move(e)); };
  handlers.find_container = [this](const std::string& runtime, const std::string& id) {
    const std::shared_ptr<const Inventory> inventory = correlator_->inventory();
    for (const ContainerRef& c : inventory->containers()) {
      if (c->runtime == runtime && c->id == id) return c;
    }
    return ContainerRef();
  };
  auto control = ControlServer::Start(config.storage.path + "/" + kControlSocket, geteuid(), clock_,
                                      std::move(handlers));
  if (control.ok()) {
    control_ = *std::move(control);
  } else {
    spdlog::warn("control socket: {}", std::string(control.status().message()));
  }
}

std::string Daemon::Metrics() {
  MetricsSnapshot snapshot = metrics_->Build();
  snapshot.handovers = handovers_;
  if (otlp_ != nullptr) snapshot.otlp = otlp_->Counts();
  return exporter_->Render(snapshot);
}

absl::Status Daemon::StartOtlp(const Config& config) {
  if (config.otlp.endpoint.empty()) return absl::OkStatus();
  NSOBS_ASSIGN_OR_RETURN(otlp_,
                         OtlpExporter::Start(config.otlp, kVersion, config.storage.path, clock_));
  return absl::OkStatus();
}

void Daemon::Apply(const Config& config) {
  probes_->Apply(ProbeSettingsOf(config));
  pipeline_->set_coalesce_window(config.coalesce.window);
  pipeline_->budget().set_limit(CpuLimitOf(config));
  spdlog::set_level(spdlog::level::from_str(config.log.level));
}

void Daemon::Stop(Next next) {
  if (web_ != nullptr) web_->Stop();
  api_.reset();  // its connections: the last to close a database puts its log away
  control_.reset();
  if (otlp_ != nullptr) otlp_->Stop();
  if (enricher_ != nullptr) enricher_->Stop();
  if (pipeline_ != nullptr) pipeline_->Stop();
  if (next == Next::kNobody) handover_.EndForGood();
  if (probes_ != nullptr && handover_.kept()) probes_->Leave();
  if (timeline_ == nullptr) return;
  if (absl::Status status = timeline_->Close(); !status.ok()) {
    spdlog::error("timeline: {}", std::string(status.message()));
  }
  timeline_.reset();
}

Daemon::~Daemon() { Stop(Next::kSuccessor); }

}  // namespace nsobs
