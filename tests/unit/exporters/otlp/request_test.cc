#include "exporters/otlp/request.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "exporters/otlp/backoff.h"
#include "exporters/otlp/http_sender.h"
#include "opentelemetry/proto/collector/logs/v1/logs_service.pb.h"

namespace nsobs {
namespace {

namespace collector = opentelemetry::proto::collector::logs::v1;

std::string Gunzip(const std::string& bytes) {
  std::string out(1 << 20, '\0');
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(OtlpRequest, SaysWhoSendsAndHoldsTheRecords) {
  OtlpRecord record;
  record.set_event_name("nsobserver.signal");
  const OtlpSender sender{
      "1.2.3", "node", "id", {{"k8s.cluster.name", "prod"}, {"host.name", "other"}}};
  collector::ExportLogsServiceRequest request;
  ASSERT_TRUE(request.ParseFromString(MakeOtlpRequest(sender, {record, record})));
  ASSERT_EQ(request.resource_logs_size(), 1);
  std::map<std::string, std::string> resource;
  for (const auto& attribute : request.resource_logs(0).resource().attributes()) {
    EXPECT_TRUE(resource.emplace(attribute.key(), attribute.value().string_value()).second);
  }
  EXPECT_EQ(resource, (std::map<std::string, std::string>{{"service.name", "nsobserver"},
                                                          {"service.version", "1.2.3"},
                                                          {"host.name", "other"},
                                                          {"host.id", "id"},
                                                          {"os.type", "linux"},
                                                          {"k8s.cluster.name", "prod"}}));
  const auto& scope = request.resource_logs(0).scope_logs(0);
  EXPECT_EQ(scope.scope().name(), "nsobserver.timeline");
  ASSERT_EQ(scope.log_records_size(), 2);
  EXPECT_EQ(scope.log_records(1).event_name(), "nsobserver.signal");
}

TEST(OtlpRequest, ReadsWhatTheServerSays) {
  collector::ExportLogsServiceResponse response;
  response.mutable_partial_success()->set_rejected_log_records(2);
  response.mutable_partial_success()->set_error_message("old");
  const auto partial = ReadOtlpAnswer("application/x-protobuf", response.SerializeAsString());
  ASSERT_TRUE(partial);
  EXPECT_EQ(partial->rejected, 2u);
  EXPECT_EQ(partial->message, "old");
  EXPECT_EQ(ReadOtlpAnswer("application/x-protobuf", "")->rejected, 0u);
  EXPECT_EQ(ReadOtlpAnswer("text/plain", "ok")->rejected, 0u);
  EXPECT_FALSE(ReadOtlpAnswer("application/x-protobuf", "<html>"));
}

TEST(OtlpRequest, GzipComesBack) {
  const std::string text(100'000, 'x');
  EXPECT_EQ(Gunzip(Gzip(text)), text);
  EXPECT_EQ(Gunzip(Gzip("")), "");
}

TEST(OtlpRequest, TheEndpointsPath) {
  EXPECT_EQ(OtlpUrl("http://h:4318"), "http://h:4318/v1/logs");
  EXPECT_EQ(OtlpUrl("http://h:4318/"), "http://h:4318/v1/logs");
  EXPECT_EQ(OtlpUrl("https://h/insert/opentelemetry/v1/logs"),
            "https://h/insert/opentelemetry/v1/logs");
}

TEST(OtlpBackoff, GrowsToAMinuteAndAsksNoSoonerThanTold) {
  Backoff backoff(1);
  const absl::Duration first = backoff.Next(absl::ZeroDuration());
  EXPECT_GE(first, absl::Milliseconds(500));
  EXPECT_LE(first, absl::Milliseconds(1500));
  for (int i = 0; i < 50; ++i) EXPECT_LE(backoff.Next(absl::ZeroDuration()), absl::Seconds(90));
  EXPECT_GE(backoff.Next(absl::ZeroDuration()), absl::Seconds(30));
  EXPECT_GE(backoff.Next(absl::Minutes(5)), absl::Minutes(5));
  backoff.Reset();
  EXPECT_LE(backoff.Next(absl::ZeroDuration()), absl::Milliseconds(1500));
}

}  // namespace
}  // namespace nsobs
