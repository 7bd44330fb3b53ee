#include "exporters/otlp/request.h"

#include <zlib.h>

#include "opentelemetry/proto/collector/logs/v1/logs_service.pb.h"

namespace nsobs {
namespace {

namespace collector = opentelemetry::proto::collector::logs::v1;
using opentelemetry::proto::resource::v1::Resource;

constexpr char kSchemaUrl[] = "https://opentelemetry.io/schemas/1.38.0";  // container.runtime.name
constexpr int kGzipWindow = 15 + 16;  // zlib.h: 16 more makes it gzip
constexpr int kMemory = 8;

void Add(const std::string& key, const std::string& value, Resource* resource) {
  if (value.empty()) return;
  auto* attribute = resource->add_attributes();
  attribute->set_key(key);
  attribute->mutable_value()->set_string_value(value);
}

void FillResource(const OtlpSender& sender, Resource* resource) {
  const std::pair<std::string, std::string> ours[] = {{"service.name", "nsobserver"},
                                                      {"service.version", sender.version},
                                                      {"host.name", sender.host_name},
                                                      {"host.id", sender.host_id},
                                                      {"os.type", "linux"}};
  for (const auto& [key, value] : ours) {
    bool given = false;
    for (const auto& pair : sender.more) given = given || pair.first == key;
    if (!given) Add(key, value, resource);
  }
  for (const auto& [key, value] : sender.more) Add(key, value, resource);
}

}  // namespace

std::string MakeOtlpRequest(const OtlpSender& sender, std::vector<OtlpRecord> records) {
  collector::ExportLogsServiceRequest request;
  auto* of_host = request.add_resource_logs();
  of_host->set_schema_url(kSchemaUrl);
  FillResource(sender, of_host->mutable_resource());
  auto* scope = of_host->add_scope_logs();
  scope->set_schema_url(kSchemaUrl);
  scope->mutable_scope()->set_name("nsobserver.timeline");
  scope->mutable_scope()->set_version(sender.version);
  for (OtlpRecord& record : records) *scope->add_log_records() = std::move(record);
  return request.SerializeAsString();
}

std::optional<OtlpAnswer> ReadOtlpAnswer(std::string_view content_type, std::string_view body) {
  OtlpAnswer answer;
  if (body.empty() || !content_type.starts_with("application/x-protobuf")) return answer;
  collector::ExportLogsServiceResponse response;
  if (!response.ParseFromArray(body.data(), static_cast<int>(body.size()))) return std::nullopt;
  const auto& partial = response.partial_success();
  if (partial.rejected_log_records() > 0) {
    answer.rejected = static_cast<uint64_t>(partial.rejected_log_records());
  }
  answer.message = partial.error_message();
  return answer;
}

std::string Gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, kMemory,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return "";
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);  // the bound is enough for one go
  out.resize(result == Z_STREAM_END ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

}  // namespace nsobs
