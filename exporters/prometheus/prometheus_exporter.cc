#include "exporters/prometheus/prometheus_exporter.h"

#include <mutex>

#include "exporters/prometheus/agent_families.h"
#include "exporters/prometheus/finding_families.h"
#include "exporters/prometheus/page.h"
#include "exporters/prometheus/series_book.h"

namespace nsobs {
namespace {

LabelText InodeText(const NamespaceIdentity& identity) {
  return LabelText(identity.inode == 0 ? "" : std::to_string(identity.inode));
}

void AddInfo(const OwnerLabels& owner, const Container& container, Page& page) {
  std::vector<LabelText> values = {owner.container,
                                   LabelText(container.id),
                                   LabelText(container.runtime),
                                   LabelText(container.image.value_or("")),
                                   LabelText(container.pod.value_or("")),
                                   LabelText(container.pod_namespace.value_or(""))};
  for (NamespaceKind kind : kNamespaceKinds) {
    values.push_back(InodeText(container.namespaces[kind]));
  }
  page.Add(Family::kContainerInfo, values, 1);
}

void AddBook(const SeriesBook& book, Page& page) {
  book.ForEachSeries([&](Family family, const SeriesName& name, uint64_t value) {
    page.AddText(family, {name.before, name.owner, name.after}, static_cast<double>(value));
  });
  book.ForEachInfo([&](const OwnerLabels& owner, const Container& container) {
    AddInfo(owner, container, page);
  });
  page.Add(Family::kContainers, {}, book.alive());
  page.Add(Family::kContainersFolded, {}, book.folded());
  page.Add(Family::kContainerSeries, {}, book.owned_series());
  page.Add(Family::kContainerSeriesMax, {}, book.max_series());
}

}  // namespace

class PrometheusExporter::Impl {
 public:
  explicit Impl(const PrometheusOptions& options) : book_(options.max_series) {}

  std::string Render(const MetricsSnapshot& snapshot) {
    std::lock_guard<std::mutex> lock(mutex_);
    book_.Look(snapshot);
    Page page(sizes_);
    AddBook(book_, page);
    AddLedger(snapshot.ledger, page);
    AddAnomalies(snapshot.anomalies, page);
    AddInvestigations(snapshot.investigations, page);
    AddEngines(snapshot.engines, page);
    AddOtlp(snapshot.otlp, page);
    AddProbes(snapshot.probes, page);
    AddHelpers(snapshot.helper_restarts, page);
    AddHandovers(snapshot.handovers, page);
    AddBudget(snapshot.budget, page);
    AddPrograms(snapshot.programs, page);
    AddHealth(snapshot.health, page);
    sizes_ = page.sizes();
    return page.Text();
  }

 private:
  std::mutex mutex_;
  SeriesBook book_;      // guarded by it
  Page::Sizes sizes_{};  // of the page before; guarded, too
};

PrometheusExporter::PrometheusExporter(PrometheusOptions options)
    : impl_(std::make_unique<Impl>(options)) {}
PrometheusExporter::~PrometheusExporter() = default;

std::string PrometheusExporter::Render(const MetricsSnapshot& snapshot) {
  return impl_->Render(snapshot);
}

}  // namespace nsobs
