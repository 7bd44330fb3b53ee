#include "userspace/enrichment/answer.h"

#include <utility>

#include "userspace/base/sanitize.h"

namespace nsobs {
namespace {

constexpr size_t kMaxLabels = 64;
constexpr size_t kMaxKey = 256;
constexpr size_t kMaxValue = 1024;
constexpr size_t kMaxLabelBytes = 16 << 10;
constexpr size_t kMaxText = 512;

std::optional<std::string> Clean(const std::string& text) {
  std::string clean = ForLabel(text, kMaxText);
  if (clean.empty()) return std::nullopt;
  return clean;
}

std::map<std::string, std::string> CleanLabels(const std::map<std::string, std::string>& labels) {
  std::map<std::string, std::string> out;
  size_t bytes = 0;
  for (const auto& [raw_key, raw_value] : labels) {
    // One that was cut could pass for another.
    std::string key = ForLabel(raw_key, kMaxKey + 1);
    if (key.empty() || key.size() > kMaxKey) continue;
    std::string value = ForLabel(raw_value, kMaxValue);
    bytes += key.size() + value.size();
    if (out.size() >= kMaxLabels || bytes > kMaxLabelBytes) break;
    out.emplace(std::move(key), std::move(value));
  }
  return out;
}

// Only what engines call it; "none" is docker's word for no health check.
std::optional<std::string> CleanHealth(const std::string& health) {
  if (health == "starting" || health == "healthy" || health == "unhealthy") return health;
  return std::nullopt;
}

}  // namespace

std::optional<Enrichment> Accept(const EngineAnswer& answer, const Container& container,
                                 std::string_view engine) {
  if (answer.id != container.id) return std::nullopt;
  if (answer.pid != 0 && answer.pid != container.init.pid) return std::nullopt;
  Enrichment out;
  out.runtime = container.runtime;
  out.id = container.id;
  out.init = container.init;
  out.engine = engine;
  out.image = Clean(answer.image);
  out.pod = Clean(answer.pod);
  out.pod_namespace = Clean(answer.pod_namespace);
  out.pod_uid = Clean(answer.pod_uid);
  out.labels = CleanLabels(answer.labels);
  out.health = CleanHealth(answer.health);
  out.restart_count = answer.restart_count;
  return out;
}

}  // namespace nsobs
