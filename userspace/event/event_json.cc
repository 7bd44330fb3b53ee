#include "userspace/event/event_json.h"

#include <nlohmann/json.hpp>

#include "userspace/base/clock.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json TextOrNull(const std::optional<std::string>& value) {
  return value ? Json(ToUtf8(*value)) : Json(nullptr);
}

Json KnownOrNull(const std::string& value) {
  return value.empty() ? Json(nullptr) : Json(ToUtf8(value));
}

Json ProcessOrNull(const Process& process) {
  return process.pid == 0 ? Json(nullptr) : ToJson(process);
}

Json ToJson(const std::vector<Ancestor>& lineage) {
  Json out = Json::array();
  for (const Ancestor& a : lineage) {
    out.push_back({{"pid", a.pid},
                   {"comm", ToUtf8(a.comm)},
                   {"exe_args", TextOrNull(a.exe_args)},
                   {"login_uid", OrNull(a.login_uid)}});
  }
  return out;
}

struct DetailToJson {
  const ObservedEvent& observed;

  Json operator()(const NamespaceChange& c) const {
    Json changes = Json::object();
    for (NamespaceKind kind : kNamespaceKinds) {
      if (!c.Changed(kind)) continue;
      changes[std::string(Name(kind))] = {{"from", c.from[kind].inode}, {"to", c.to[kind].inode}};
    }
    Json out = {{"operation", Name(c.operation)},
                {"errno", c.error},
                {"errno_name", KnownOrNull(ErrnoName(c.error))},
                {"flags", c.flags},
                {"changes", std::move(changes)},
                {"target", ToJson(observed.peer)}};
    if (c.operation == NamespaceChange::Operation::kClone) {
      out["child_pid"] = c.child_pid;
      out["child_ns_pid"] = c.child_ns_pid;
    }
    if (observed.entry) {
      out["by"] = Name(observed.entry->by);
      out["before_start"] = observed.entry->before_start;
      out["lineage"] = ToJson(observed.entry->lineage);
    }
    return out;
  }

  Json operator()(const ConnectFailure& c) const {
    return {{"protocol", Name(c.protocol)},
            {"family", FamilyName(c.family)},
            {"destination", KnownOrNull(c.destination)},
            {"port", c.port == 0 ? Json(nullptr) : Json(c.port)},
            {"path", KnownOrNull(c.path)},
            {"source", KnownOrNull(c.source)},
            {"source_port", c.source_port == 0 ? Json(nullptr) : Json(c.source_port)},
            {"errno", c.error},
            {"errno_name", ErrnoName(c.error)},
            {"phase", Name(c.phase)},
            {"duration_ns", c.duration_ns == 0 ? Json(nullptr) : Json(c.duration_ns)},
            {"destination_source", Name(c.destination_source)}};
  }

  Json operator()(const Signal& s) const {
    return {
        {"signal", s.signal},
        {"name", SignalName(s.signal)},
        {"result", Name(s.result)},
        {"sender", {{"process", ProcessOrNull(s.sender)}, {"container", ToJson(observed.peer)}}},
        {"target",
         {{"process", ToJson(observed.event.process)}, {"container", ToJson(observed.container)}}},
        {"code", s.code},
        {"by_kernel", s.by_kernel},
        {"to_thread", !s.group},
        {"disposition", Name(s.handler)}};
  }

  Json operator()(const OomKill& o) const {
    return {
        {"reason", Name(o.reason)},
        {"victim",
         {{"process", ToJson(observed.event.process)}, {"ns_pid", observed.event.process.ns_pid}}},
        {"trigger", {{"process", ProcessOrNull(o.trigger)}}},
        {"cgroup", KnownOrNull(o.cgroup_path)},
        {"limit_bytes", OrNull(o.limit_bytes)},
        {"usage_bytes", o.usage_bytes},
        {"anon_bytes", o.anon_bytes},
        {"file_bytes", o.file_bytes},
        {"shmem_bytes", o.shmem_bytes},
        {"oom_score_adj", o.oom_score_adj},
        {"victim_is_init", observed.event.process.ns_pid == 1}};
  }

  Json operator()(const CgroupChange& c) const {
    return {{"born", c.born}, {"path", ToUtf8(c.path)}, {"truncated", c.truncated}};
  }

  Json operator()(const ProcessExec& e) const {
    return {{"args", ToUtf8(e.args)}, {"truncated", e.truncated}};
  }

  Json operator()(const ProcessExit& e) const {
    return {{"exit_code", e.exit_code},
            {"signal", e.signal == 0 ? Json(nullptr) : Json(SignalName(e.signal))},
            {"core_dumped", e.core_dumped},
            {"lifetime_ns", e.lifetime_ns}};
  }

  Json operator()(const ContainerStart&) const {
    return {{"init", ProcessOrNull(observed.event.process)}};
  }

  Json operator()(const ContainerExit& e) const {
    return {{"init", ProcessOrNull(observed.event.process)},
            {"exit_code", e.exit_code},
            {"signal", e.signal == 0 ? Json(nullptr) : Json(SignalName(e.signal))},
            {"lifetime_ns", e.lifetime_ns},
            {"cause", ToUtf8(e.cause)}};
  }

  Json operator()(const Loss& l) const {
    return {{"of", Name(l.of)},
            {"container", ToJson(observed.container)},
            {"cause", ToUtf8(l.cause)},
            {"count", l.count},
            {"from", FormatRfc3339(l.from_wall_ns)},
            {"to", FormatRfc3339(l.to_wall_ns)}};
  }

  Json operator()(const Gap& g) const {
    return {{"container", nullptr},
            {"cause", ToUtf8(g.cause)},
            {"count", nullptr},
            {"from", FormatRfc3339(g.from_wall_ns)},
            {"to", FormatRfc3339(g.to_wall_ns)},
            {"part", ToUtf8(g.part)},
            {"reason", KnownOrNull(g.reason)}};
  }

  Json operator()(const EnterUse& e) const {
    Json kinds = Json::array();
    for (NamespaceKind kind : kNamespaceKinds) {
      if (e.kinds >> static_cast<int>(kind) & 1) kinds.push_back(Name(kind));
    }
    return {{"tool", ToUtf8(e.tool)},       {"command", ToUtf8(e.command)},
            {"kinds", std::move(kinds)},    {"target", ToJson(observed.container)},
            {"duration_ns", e.duration_ns}, {"exit_code", e.exit_code}};
  }

  Json operator()(const PacketDrop& d) const {
    return {{"protocol", Name(d.protocol)},
            {"family", FamilyName(d.family)},
            {"source", KnownOrNull(d.source)},
            {"source_port", d.source_port},
            {"destination", KnownOrNull(d.destination)},
            {"port", d.port},
            {"interface", KnownOrNull(d.interface)},
            {"netns", d.net.inode == 0 ? Json(nullptr) : Json(d.net.inode)},
            {"hook", d.hook == PacketDrop::Hook::kUnknown ? Json(nullptr) : Json(Name(d.hook))},
            {"reason", "netfilter"}};
  }

  Json operator()(const BindFailure& b) const {
    return {{"operation", Name(b.operation)},
            {"protocol", Name(b.protocol)},
            {"family", FamilyName(b.family)},
            {"address", KnownOrNull(b.address)},
            {"port", b.port == 0 ? Json(nullptr) : Json(b.port)},
            {"path", KnownOrNull(b.path)},
            {"errno", b.error},
            {"errno_name", ErrnoName(b.error)},
            {"address_source", Name(b.address_source)}};
  }

  Json operator()(const FileFailure& f) const {
    return {{"operation", Name(f.operation)},
            {"path", KnownOrNull(f.path)},
            {"truncated", f.truncated},
            {"flags", f.flags},
            {"errno", f.error},
            {"errno_name", ErrnoName(f.error)},
            {"path_source", Name(f.path_source)}};
  }

  Json operator()(const DnsFailure& d) const {
    return {{"protocol", Name(d.protocol)},
            {"family", FamilyName(d.family)},
            {"server", KnownOrNull(d.server)},
            {"port", d.port},
            {"outcome", Name(d.outcome)},
            {"name", KnownOrNull(d.name)},
            {"name_truncated", !d.name.empty() && !d.name_whole},
            {"type", d.type == 0 ? Json(nullptr) : Json(d.type)},
            {"duration_ns", d.duration_ns},
            {"given_up", d.given_up},
            {"netns", d.net.inode == 0 ? Json(nullptr) : Json(d.net.inode)}};
  }
};

// The host in the shape of a container, for `entered_from` where null means "did not come in".
Json HostAsContainer() {
  return {{"name", "host"},     {"id", nullptr},  {"runtime", "host"},
          {"image", nullptr},   {"pod", nullptr}, {"pod_namespace", nullptr},
          {"source", "cgroup"}, {"certain", true}};
}

}  // namespace

std::string_view Name(Entry::By by) {
  switch (by) {
    case Entry::By::kEngine:
      return "engine";
    case Entry::By::kStranger:
      return "stranger";
    case Entry::By::kUnknown:
      break;
  }
  return "unknown";
}

Json ToJson(const NamespaceSet& namespaces) {
  Json out = Json::object();
  for (NamespaceKind kind : kNamespaceKinds) {
    const uint32_t inode = namespaces[kind].inode;
    out[std::string(Name(kind))] = inode == 0 ? Json(nullptr) : Json(inode);
  }
  return out;
}

Json ToJson(const Process& p) {
  return {{"pid", p.pid},
          {"tid", p.tid},
          {"ns_pid", p.ns_pid},
          {"parent_pid", p.parent_pid},
          {"comm", ToUtf8(p.comm)},
          {"exe_args", TextOrNull(p.exe_args)},
          {"uid", p.uid},
          {"login_uid", OrNull(p.login_uid)},
          {"start_boot_ns", p.start_boot_ns},
          {"namespaces", ToJson(p.namespaces)}};
}

Json EnrichedJson(const Container& c) {
  Json out = Json::object();
  for (const auto& [field, engine] : c.enriched) out[ToUtf8(field)] = ToUtf8(engine);
  return out;
}

Json ToJson(const ContainerRef& c) {
  if (c == nullptr) return nullptr;
  Json out = {{"name", ToUtf8(c->name)},       {"id", ToUtf8(c->id)},
              {"runtime", ToUtf8(c->runtime)}, {"image", TextOrNull(c->image)},
              {"pod", TextOrNull(c->pod)},     {"pod_namespace", TextOrNull(c->pod_namespace)},
              {"source", ToUtf8(c->source)},   {"certain", c->certain}};
  if (!c->enriched.empty()) out["enriched"] = EnrichedJson(*c);
  return out;
}

Json ToJson(const ObservedEvent& observed) {
  const Event& event = observed.event;
  Json entered = nullptr;
  if (observed.entered) {
    entered = observed.entered_from ? ToJson(observed.entered_from) : HostAsContainer();
  }
  Json out = {{"time", FormatRfc3339(observed.wall_ns)},
              {"boot_ns", event.boot_ns},
              {"kind", Name(event.kind)},
              {"count", observed.count},
              {"last_time", FormatRfc3339(observed.last_wall_ns)},
              {"container", ToJson(observed.container)},
              {"entered_from", std::move(entered)},
              {"namespaces", ToJson(event.process.namespaces)},
              {"process", ProcessOrNull(event.process)}};
  out[std::string(Name(event.kind))] = std::visit(DetailToJson{observed}, event.detail);
  return out;
}

}  // namespace nsobs
