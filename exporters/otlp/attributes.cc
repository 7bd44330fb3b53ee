#include "exporters/otlp/attributes.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"

namespace nsobs {
namespace {

// https://opentelemetry.io/docs/specs/semconv/registry/attributes/{container,k8s,process}
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kContainerNames = {{
    {"id", "container.id"},
    {"name", "container.name"},
    {"runtime", "container.runtime.name"},
    {"pod", "k8s.pod.name"},
    {"pod_namespace", "k8s.namespace.name"},
}};
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kProcessNames = {{
    {"pid", "process.pid"},
    {"ns_pid", "process.vpid"},
    {"parent_pid", "process.parent_pid"},
    {"tid", "thread.id"},
    {"comm", "process.executable.name"},
    {"exe_args", "process.command_line"},
    {"uid", "process.user.id"},
}};

template <size_t N>
std::string_view Renamed(const std::array<std::pair<std::string_view, std::string_view>, N>& names,
                         std::string_view key) {
  for (const auto& [ours, theirs] : names) {
    if (ours == key) return theirs;
  }
  return "";
}

std::string Join(std::string_view prefix, std::string_view name) {
  std::string out(prefix);
  out.append(name);
  return out;
}

std::string Dump(const OrderedJson& value) {
  return value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

// At a character's beginning.
std::string_view Cut(std::string_view text) {
  if (text.size() <= kMaxAttributeBytes) return text;
  size_t end = kMaxAttributeBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

void Set(const OrderedJson& value, OtlpValue* out) {
  if (value.is_boolean()) {
    out->set_bool_value(value.get<bool>());
  } else if (value.is_number_integer()) {
    out->set_int_value(value.get<int64_t>());
  } else if (value.is_number()) {
    out->set_double_value(value.get<double>());
  } else {
    const std::string text = value.is_string() ? value.get<std::string>() : Dump(value);
    out->set_string_value(std::string(Cut(text)));
  }
}

bool IsContainer(const OrderedJson& value) {
  return value.contains("runtime") && value.contains("certain");
}
bool IsProcess(const OrderedJson& value) { return value.contains("comm") && value.contains("tid"); }

}  // namespace

OtlpValue* AttributeWriter::New(std::string_view name) {
  auto* attribute = record_->add_attributes();
  attribute->set_key(std::string(name));
  return attribute->mutable_value();
}

void AttributeWriter::Add(std::string_view name, std::string_view text) {
  if (!text.empty()) New(name)->set_string_value(std::string(Cut(text)));
}

void AttributeWriter::Add(std::string_view name, int64_t number) {
  New(name)->set_int_value(number);
}

// "registry/name:tag" and "name@sha256:.." in the three parts that OpenTelemetry knows.
void AttributeWriter::AddImage(std::string_view prefix, const std::string& image) {
  std::string_view name = image;
  const size_t at = name.find('@');
  if (at != std::string_view::npos) name = name.substr(0, at);
  const size_t slash = name.rfind('/');
  const size_t colon = name.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon != std::string_view::npos) {
    OtlpValue* tags = New(Join(prefix, "container.image.tags"));
    tags->mutable_array_value()->add_values()->set_string_value(
        std::string(Cut(name.substr(colon + 1))));
    name = name.substr(0, colon);
  }
  if (at != std::string_view::npos) {
    OtlpValue* digests = New(Join(prefix, "container.image.repo_digests"));
    digests->mutable_array_value()->add_values()->set_string_value(std::string(Cut(image)));
  }
  Add(Join(prefix, "container.image.name"), name);
}

void AttributeWriter::AddContainer(std::string_view prefix, const OrderedJson& container) {
  for (const auto& [key, value] : container.items()) {
    const std::string_view name = Renamed(kContainerNames, key);
    if (key == "image" && value.is_string()) {
      AddImage(prefix, value.get<std::string>());
    } else if (!name.empty()) {
      AddTree(Join(prefix, name), value);
    } else {
      AddTree(
          absl::StrCat(Join(prefix, prefix.empty() ? "nsobserver.container." : "container."), key),
          value);
    }
  }
}

void AttributeWriter::AddProcess(std::string_view prefix, const OrderedJson& process) {
  for (const auto& [key, value] : process.items()) {
    // The record has those of its own process beside it.
    if (prefix.empty() && key == "namespaces") continue;
    const std::string_view name = Renamed(kProcessNames, key);
    if (!name.empty()) {
      AddTree(Join(prefix, name), value);
    } else {
      AddTree(absl::StrCat(Join(prefix, prefix.empty() ? "nsobserver.process." : "process."), key),
              value);
    }
  }
}

void AttributeWriter::AddList(std::string_view name, const OrderedJson& list) {
  auto* values = New(name)->mutable_array_value();
  for (const OrderedJson& value : list) Set(value, values->add_values());
}

void AttributeWriter::AddTree(std::string_view name, const OrderedJson& value) {
  if (value.is_null()) return;
  if (value.is_string() && value.get_ref<const std::string&>().empty()) return;
  if (value.is_array()) {
    if (!value.empty()) AddList(name, value);
    return;
  }
  if (!value.is_object()) {
    Set(value, New(name));
    return;
  }
  // "nsobserver.signal.sender.container" is itself the prefix of "container.id".
  const size_t last = name.rfind('.');
  const std::string_view parent = name.substr(0, last == std::string_view::npos ? 0 : last + 1);
  if (IsContainer(value)) {
    const bool plain = name.substr(parent.size()) == "container";
    AddContainer(plain ? parent : Join(name, "."), value);
  } else if (IsProcess(value)) {
    const bool plain = name.substr(parent.size()) == "process";
    AddProcess(plain ? parent : Join(name, "."), value);
  } else {
    for (const auto& [key, member] : value.items())
      AddTree(absl::StrCat(Join(name, "."), key), member);
  }
}

}  // namespace nsobs
