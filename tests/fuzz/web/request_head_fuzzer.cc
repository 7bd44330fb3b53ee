// Any bytes as the head of an HTTP request, and as the parameters of one to the API: nothing but a
// head within its limits reaches the HTTP library, nothing but a query within its limits the
// timeline.
#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_split.h"
#include "exporters/web/api_query.h"
#include "exporters/web/host_check.h"
#include "exporters/web/request_head.h"

namespace {

constexpr size_t kUsual = 100, kMost = 1000;

void Require(bool condition) {
  if (!condition) abort();
}

void ReadAsHead(std::string_view bytes) {
  const size_t end = nsobs::FindHeadEnd(bytes);
  if (end == std::string_view::npos) return;
  Require(end <= bytes.size());
  const auto head = nsobs::ReadHead(bytes.substr(0, end));
  if (!head) return;
  Require(end <= nsobs::kMaxHeadBytes);
  // What is passed on is a head itself, no longer than what came, and one alone.
  Require(head->text.size() <= end + 16 && nsobs::FindHeadEnd(head->text) == head->text.size());
  Require(head->text.find('\0') == std::string::npos);
}

void ReadAsParameters(std::string_view bytes) {
  std::multimap<std::string, std::string> pairs;
  const std::vector<std::string> words =
      absl::StrSplit(absl::string_view(bytes.data(), bytes.size()), absl::MaxSplits('&', 20));
  for (const std::string& word : words) {
    const size_t at = std::min(word.find('='), word.size());
    pairs.emplace(word.substr(0, at), word.substr(std::min(at + 1, word.size())));
  }
  nsobs::ApiParameters events(pairs), records(pairs);
  const nsobs::EventQuery query = nsobs::TakeEventQuery(&events, kUsual, kMost);
  const absl::Status status = events.Finish();
  if (status.ok()) Require(query.limit >= 1 && query.limit <= kMost);
  if (!status.ok()) Require(std::string(status.message()).find('\n') == std::string::npos);
  nsobs::TakeRecordQuery(&records, true);
  records.Finish().IgnoreError();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ReadAsHead(bytes);
  ReadAsParameters(bytes);
  nsobs::IsAddressOrLocalhost(bytes);
  return 0;
}
