// containerd and CRI: protobuf over gRPC. Numbers of fields are those of their public .proto files.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"
#include "userspace/enrichment/ask.h"
#include "userspace/enrichment/ask_kinds.h"
#include "userspace/enrichment/wire.h"

namespace nsobs {
namespace {

constexpr char kGetContainer[] = "/containerd.services.containers.v1.Containers/Get";
constexpr char kGetTask[] = "/containerd.services.tasks.v1.Tasks/Get";
constexpr char kListNamespaces[] = "/containerd.services.namespaces.v1.Namespaces/List";
constexpr char kContainerdVersion[] = "/containerd.services.version.v1.Version/Version";
constexpr char kCriContainers[] = "/runtime.v1.RuntimeService/ListContainers";
constexpr char kCriSandboxes[] = "/runtime.v1.RuntimeService/ListPodSandbox";
constexpr char kCriVersion[] = "/runtime.v1.RuntimeService/Version";
constexpr size_t kMaxNamespaces = 16;

// The `field`-th submessage; the last one if there are several. nullopt: damaged.
std::optional<std::string_view> Submessage(std::string_view message, uint32_t field) {
  std::string_view found;
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.field() == field) found = reader.bytes();
  }
  if (reader.damaged()) return std::nullopt;
  return found;
}

// The namespace as the usual cgroup path has it: "/<namespace>/<id>".
std::string NamespaceHint(const Container& container) {
  const std::string& path = container.cgroup_path;
  const std::string end = absl::StrCat("/", container.id);
  if (!path.ends_with(end)) return "";
  const std::string parent = path.substr(0, path.size() - end.size());
  return parent.substr(parent.rfind('/') == std::string::npos ? 0 : parent.rfind('/') + 1);
}

// As containerd's own identifiers (pkg identifiers): nothing else goes into a header.
bool IsNamespace(std::string_view name) {
  return !name.empty() && name.size() <= 76 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

// Names are the users' choice and the same in several namespaces: it is the one whose task is the
// container's init.
absl::StatusOr<EngineAnswer> AskInNamespace(const EngineSocket& socket, const Container& container,
                                            const std::string& ns, Transport* transport) {
  const Transport::Headers headers = {{"containerd-namespace", ns}};
  std::string request;
  AppendBytes(1, container.id, &request);
  NSOBS_ASSIGN_OR_RETURN(const std::string task,
                         transport->CallGrpc(socket, kGetTask, request, headers));
  NSOBS_ASSIGN_OR_RETURN(const uint32_t pid, ParseContainerdTask(task));
  if (pid != container.init.pid) return absl::NotFoundError("another of this name");
  NSOBS_ASSIGN_OR_RETURN(const std::string body,
                         transport->CallGrpc(socket, kGetContainer, request, headers));
  NSOBS_ASSIGN_OR_RETURN(EngineAnswer answer, ParseContainerdContainer(body));
  answer.pid = pid;
  return answer;
}

// A CRI list request with a filter for one id: in both, field 1 of field 1.
std::string FilterById(std::string_view id) {
  std::string filter, request;
  AppendBytes(1, id, &filter);
  AppendBytes(1, filter, &request);
  return request;
}

void TakePodMetadata(std::string_view metadata, EngineAnswer* answer) {
  WireReader reader(metadata);
  while (reader.Next()) {
    if (reader.field() == 1) answer->pod = reader.text();
    if (reader.field() == 2) answer->pod_uid = reader.text();
    if (reader.field() == 3) answer->pod_namespace = reader.text();
    if (reader.field() == 4) answer->restart_count = static_cast<uint32_t>(reader.number());
  }
}

}  // namespace

absl::StatusOr<EngineAnswer> ParseContainerdContainer(std::string_view message) {
  const auto container = Submessage(message, 1);
  if (!container) return NoSense();
  EngineAnswer answer;
  WireReader reader(*container);
  while (reader.Next()) {
    if (reader.field() == 1) answer.id = reader.text();
    if (reader.field() == 2) TakeMapEntry(reader.bytes(), &answer.labels);
    if (reader.field() == 3) answer.image = reader.text();
  }
  if (reader.damaged() || answer.id.empty()) return NoSense();
  return answer;
}

absl::StatusOr<uint32_t> ParseContainerdTask(std::string_view message) {
  const auto process = Submessage(message, 1);
  if (!process) return NoSense();
  uint32_t pid = 0;
  WireReader reader(*process);
  while (reader.Next()) {
    if (reader.field() == 3) pid = static_cast<uint32_t>(reader.number());
  }
  if (reader.damaged()) return NoSense();
  return pid;
}

absl::StatusOr<std::vector<std::string>> ParseContainerdNamespaces(std::string_view message) {
  std::vector<std::string> names;
  WireReader reader(message);
  while (reader.Next() && names.size() < kMaxNamespaces) {
    if (reader.field() != 1) continue;
    const auto name = Submessage(reader.bytes(), 1);
    if (name && IsNamespace(*name)) names.emplace_back(*name);
  }
  if (reader.damaged()) return NoSense();
  return names;
}

absl::StatusOr<EngineAnswer> ParseCriContainers(std::string_view message, std::string* sandbox_id) {
  const auto container = Submessage(message, 1);
  if (!container) return NoSense();
  if (container->empty()) return absl::NotFoundError("not known to CRI");
  EngineAnswer answer;
  WireReader reader(*container);
  while (reader.Next()) {
    if (reader.field() == 1) answer.id = reader.text();
    if (reader.field() == 2) *sandbox_id = reader.text();
    if (reader.field() == 3) {
      WireReader metadata(reader.bytes());
      answer.restart_count = 0;  // proto3 leaves out what is 0
      while (metadata.Next()) {
        if (metadata.field() == 2) answer.restart_count = static_cast<uint32_t>(metadata.number());
      }
    }
    if (reader.field() == 4) answer.image = Submessage(reader.bytes(), 1).value_or("");
    if (reader.field() == 8) TakeMapEntry(reader.bytes(), &answer.labels);
  }
  if (reader.damaged() || answer.id.empty()) return NoSense();
  return answer;
}

absl::StatusOr<EngineAnswer> ParseCriSandboxes(std::string_view message) {
  const auto sandbox = Submessage(message, 1);
  if (!sandbox) return NoSense();
  if (sandbox->empty()) return absl::NotFoundError("not known to CRI");
  EngineAnswer answer;
  answer.restart_count = 0;
  WireReader reader(*sandbox);
  while (reader.Next()) {
    if (reader.field() == 1) answer.id = reader.text();
    if (reader.field() == 2) TakePodMetadata(reader.bytes(), &answer);
    if (reader.field() == 5) TakeMapEntry(reader.bytes(), &answer.labels);
  }
  if (reader.damaged() || answer.id.empty()) return NoSense();
  return answer;
}

absl::StatusOr<EngineAnswer> AskContainerd(const EngineSocket& socket, const Container& container,
                                           Transport* transport) {
  const std::string hint = NamespaceHint(container);
  if (IsNamespace(hint)) {
    auto answer = AskInNamespace(socket, container, hint, transport);
    if (!absl::IsNotFound(answer.status())) return answer;
  }
  NSOBS_ASSIGN_OR_RETURN(const std::string body,
                         transport->CallGrpc(socket, kListNamespaces, "", {}));
  NSOBS_ASSIGN_OR_RETURN(const std::vector<std::string> names, ParseContainerdNamespaces(body));
  for (const std::string& ns : names) {
    if (ns == hint) continue;
    auto answer = AskInNamespace(socket, container, ns, transport);
    if (!absl::IsNotFound(answer.status())) return answer;
  }
  return absl::NotFoundError("in no namespace of containerd");
}

absl::StatusOr<EngineAnswer> AskCri(const EngineSocket& socket, const Container& container,
                                    Transport* transport) {
  if (!IsHexId(container.id)) return absl::NotFoundError("not an id of CRI");
  const std::string by_id = FilterById(container.id);
  NSOBS_ASSIGN_OR_RETURN(const std::string list,
                         transport->CallGrpc(socket, kCriContainers, by_id, {}));
  std::string sandbox_id;
  auto answer = ParseCriContainers(list, &sandbox_id);
  if (absl::IsNotFound(answer.status())) {  // it may be the pod's own
    NSOBS_ASSIGN_OR_RETURN(const std::string pods,
                           transport->CallGrpc(socket, kCriSandboxes, by_id, {}));
    return ParseCriSandboxes(pods);
  }
  if (!answer.ok() || !IsHexId(sandbox_id)) return answer;
  NSOBS_ASSIGN_OR_RETURN(const std::string pods,
                         transport->CallGrpc(socket, kCriSandboxes, FilterById(sandbox_id), {}));
  const auto pod = ParseCriSandboxes(pods);
  if (!pod.ok()) return absl::IsNotFound(pod.status()) ? answer : pod.status();
  if (pod->id != sandbox_id) return NoSense();
  answer->pod = pod->pod;
  answer->pod_uid = pod->pod_uid;
  answer->pod_namespace = pod->pod_namespace;
  answer->labels.insert(pod->labels.begin(), pod->labels.end());
  return answer;
}

absl::StatusOr<std::string> PingContainerd(const EngineSocket& socket, Transport* transport) {
  NSOBS_ASSIGN_OR_RETURN(const std::string body,
                         transport->CallGrpc(socket, kContainerdVersion, "", {}));
  return std::string(Submessage(body, 1).value_or(""));
}

absl::StatusOr<std::string> PingCri(const EngineSocket& socket, Transport* transport) {
  NSOBS_ASSIGN_OR_RETURN(const std::string body, transport->CallGrpc(socket, kCriVersion, "", {}));
  return std::string(Submessage(body, 3).value_or(""));  // runtime_version
}

}  // namespace nsobs
