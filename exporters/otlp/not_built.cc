// Stands for the exporter where the protocol's files were missing when this was built.
#include "exporters/otlp/otlp_exporter.h"

namespace nsobs {

class OtlpExporter::Impl {};

OtlpExporter::OtlpExporter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
OtlpExporter::~OtlpExporter() = default;

absl::Status CheckOtlp(const OtlpOptions&) {
  return absl::FailedPreconditionError(
      "--otlp.endpoint: this nsobserver was built without OTLP; install "
      "libopentelemetry-proto-dev and libprotobuf-dev and build it anew");
}

absl::StatusOr<std::unique_ptr<OtlpExporter>> OtlpExporter::Start(const OtlpOptions& options,
                                                                  const std::string&,
                                                                  const std::string&,
                                                                  const Clock*) {
  return CheckOtlp(options);
}

OtlpCounts OtlpExporter::Counts() const { return {}; }
void OtlpExporter::Stop() {}

}  // namespace nsobs
