#include "exporters/prometheus/owner_labels.h"

#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace nsobs {
namespace {

constexpr char kHost[] = "host";
constexpr char kOther[] = "(other)";
constexpr char kMark[] = " (container)";
constexpr size_t kShortId = 12;

// "host", "(other)", and each of them with any number of marks: all of these get one more, so that
// no two of them meet again.
bool IsReserved(absl::string_view name) {
  while (absl::ConsumeSuffix(&name, kMark)) {
  }
  return name == kHost || name == kOther;
}

LabelText ContainerLabel(const Container& container) {
  LabelText label(container.name);
  if (label.str() != container.name || container.name.empty()) {
    label += LabelText("~");
    label += LabelText(std::string_view(container.id).substr(0, kShortId));
  }
  if (IsReserved(label.str())) label += LabelText(kMark);
  return label;
}

// What an engine adds comes later than the first counts: a series keeps its labels, and the pod
// stands in the container's info.
LabelText FromFiles(const Container& container, const char* field,
                    const std::optional<std::string>& value) {
  return LabelText(container.enriched.contains(field) ? "" : value.value_or(""));
}

}  // namespace

OwnerLabels LabelsOf(const Container& container) {
  return {ContainerLabel(container), FromFiles(container, "pod", container.pod),
          FromFiles(container, "pod_namespace", container.pod_namespace)};
}

OwnerLabels HostLabels() { return {LabelText(kHost), LabelText(""), LabelText("")}; }

OwnerLabels OtherLabels() { return {LabelText(kOther), LabelText(""), LabelText("")}; }

}  // namespace nsobs
