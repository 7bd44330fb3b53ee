// Answers of engines, which a user may run: whatever they are, what is taken of them is about the
// container that was asked about, clean and small. The first byte says whose answer it is.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "userspace/enrichment/ask.h"

namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

void CheckText(const std::string& text, size_t most) {
  Check(text.size() <= most);
  for (const char c : text) Check(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

absl::StatusOr<nsobs::EngineAnswer> Parse(uint8_t kind, std::string_view text) {
  std::string other_id;
  switch (kind % 7) {
    case 0:
      return nsobs::ParseDockerInspect(text);
    case 1:
      return nsobs::ParsePodmanInspect(text, &other_id);
    case 2:
      return nsobs::ParseContainerdContainer(text);
    case 3:
      return nsobs::ParseCriContainers(text, &other_id);
    case 4:
      return nsobs::ParseCriSandboxes(text);
    case 5:
      nsobs::ParseContainerdNamespaces(text).IgnoreError();
      break;
    default:
      nsobs::ParseContainerdTask(text).IgnoreError();
  }
  return absl::NotFoundError("");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto answer = Parse(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  if (!answer.ok()) return 0;
  nsobs::Container container;
  container.id = answer->id;
  container.init.pid = answer->pid;
  const auto accepted = nsobs::Accept(*answer, container, "docker");
  Check(accepted.has_value());
  for (const auto& text :
       {accepted->image, accepted->pod, accepted->pod_namespace, accepted->pod_uid}) {
    if (text) CheckText(*text, 512);
  }
  size_t bytes = 0;
  for (const auto& [key, value] : accepted->labels) {
    CheckText(key, 256);
    CheckText(value, 1024);
    bytes += key.size() + value.size();
  }
  Check(accepted->labels.size() <= 64 && bytes <= 16 << 10);
  container.id += "x";
  Check(!nsobs::Accept(*answer, container, "docker"));
  return 0;
}
