#include "exporters/prometheus/prometheus_exporter.h"

namespace nsobs {

class PrometheusExporter::Impl {};

PrometheusExporter::PrometheusExporter(PrometheusOptions) : impl_(std::make_unique<Impl>()) {}
PrometheusExporter::~PrometheusExporter() = default;
std::string PrometheusExporter::Render(const MetricsSnapshot&) { return ""; }

}  // namespace nsobs
