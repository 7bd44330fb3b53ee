#include "tests/unit/event/samples.h"

#include <memory>
#include <utility>

namespace nsobs {

NamespaceSet SampleNamespaces(uint32_t first) {
  NamespaceSet out;
  for (NamespaceKind kind : kNamespaceKinds) {
    const uint32_t inode = first + static_cast<uint32_t>(kind);
    out[kind] = {inode, uint64_t{inode} + 1'000'000};
  }
  return out;
}

Json SampleNamespacesJson(uint32_t first) {
  return {{"cgroup", first},  {"ipc", first + 1},  {"mnt", first + 2},  {"net", first + 3},
          {"pid", first + 4}, {"time", first + 5}, {"user", first + 6}, {"uts", first + 7}};
}

Process SampleProcess(uint32_t pid, const std::string& comm) {
  Process out;
  out.pid = pid;
  out.tid = pid + 1;
  out.ns_pid = pid + 2;
  out.parent_pid = pid + 3;
  out.start_boot_ns = pid + 4;
  out.uid = pid + 5;
  out.login_uid = pid + 6;
  out.comm = comm;
  out.exe_args = comm + " -s db:5432";
  out.cgroup = {77, 0};
  out.cgroup_level = 3;
  out.namespaces = SampleNamespaces(pid * 100);
  return out;
}

Json SampleProcessJson(uint32_t pid, const std::string& comm) {
  return {{"pid", pid},
          {"tid", pid + 1},
          {"ns_pid", pid + 2},
          {"parent_pid", pid + 3},
          {"comm", comm},
          {"exe_args", comm + " -s db:5432"},
          {"uid", pid + 5},
          {"login_uid", pid + 6},
          {"start_boot_ns", pid + 4},
          {"namespaces", SampleNamespacesJson(pid * 100)}};
}

ContainerRef SampleContainer(const std::string& name) {
  auto out = std::make_shared<Container>();
  out->name = name;
  out->id = name + "-7c75";
  out->runtime = "podman";
  out->image = "registry/" + name + ":1";
  out->pod = name + "-pod";
  out->pod_namespace = "shop";
  out->pod_uid = "uid";
  out->labels = {{"secret", "not shown"}};
  out->source = "state_file";
  out->certain = true;
  out->cgroup_path = "/machine.slice/x";
  return out;
}

Json SampleContainerJson(const std::string& name) {
  return {{"name", name},           {"id", name + "-7c75"},
          {"runtime", "podman"},    {"image", "registry/" + name + ":1"},
          {"pod", name + "-pod"},   {"pod_namespace", "shop"},
          {"source", "state_file"}, {"certain", true}};
}

ObservedEvent SampleEvent(EventKind kind, EventDetail detail) {
  ObservedEvent out;
  out.event.kind = kind;
  out.event.boot_ns = 123'456'789'012;
  out.event.process = SampleProcess(4711, "curl");
  out.event.detail = std::move(detail);
  out.wall_ns = kSampleWallNs;
  out.last_wall_ns = kSampleWallNs + 1'000'000'000;
  out.count = 3;
  out.container = SampleContainer("web");
  return out;
}

}  // namespace nsobs
