#include "userspace/event/event_json.h"

#include <nlohmann/json.hpp>

#include "userspace/base/clock.h"
#include "userspace/base/json_writer.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

void Add(const NamespaceSet& namespaces, JsonWriter* out) {
  for (NamespaceKind kind : kNamespaceKinds) out->KnownField(Name(kind), namespaces[kind].inode);
}

void Add(const Process& p, JsonWriter* out) {
  out->Field("pid", p.pid);
  out->Field("tid", p.tid);
  out->Field("ns_pid", p.ns_pid);
  out->Field("parent_pid", p.parent_pid);
  out->Field("comm", p.comm);
  out->Field("exe_args", p.exe_args);
  out->Field("uid", p.uid);
  out->Field("login_uid", p.login_uid);
  out->Field("start_boot_ns", p.start_boot_ns);
  out->BeginObject("namespaces");
  Add(p.namespaces, out);
  out->EndObject();
}

void AddKnown(std::string_view key, const Process& process, JsonWriter* out) {
  if (process.pid == 0) return out->NullField(key);
  out->BeginObject(key);
  Add(process, out);
  out->EndObject();
}

void Add(const Container& c, JsonWriter* out) {
  out->Field("name", c.name);
  out->Field("id", c.id);
  out->Field("runtime", c.runtime);
  out->Field("image", c.image);
  out->Field("pod", c.pod);
  out->Field("pod_namespace", c.pod_namespace);
  out->Field("source", c.source);
  out->Field("certain", c.certain);
  if (c.enriched.empty()) return;
  out->BeginObject("enriched");
  for (const auto& [field, engine] : c.enriched) out->Field(ToUtf8(field), engine);
  out->EndObject();
}

void Add(std::string_view key, const ContainerRef& container, JsonWriter* out) {
  if (container == nullptr) return out->NullField(key);
  out->BeginObject(key);
  Add(*container, out);
  out->EndObject();
}

// The host in the shape of a container, for `entered_from` where null means "did not come in".
void AddHost(std::string_view key, JsonWriter* out) {
  out->BeginObject(key);
  out->Field("name", "host");
  out->NullField("id");
  out->Field("runtime", "host");
  out->NullField("image");
  out->NullField("pod");
  out->NullField("pod_namespace");
  out->Field("source", "cgroup");
  out->Field("certain", true);
  out->EndObject();
}

void Add(const std::vector<Ancestor>& lineage, JsonWriter* out) {
  out->BeginArray("lineage");
  for (const Ancestor& a : lineage) {
    out->BeginObject();
    out->Field("pid", a.pid);
    out->Field("comm", a.comm);
    out->Field("exe_args", a.exe_args);
    out->Field("login_uid", a.login_uid);
    out->EndObject();
  }
  out->EndArray();
}

void AddSignalName(int signal, JsonWriter* out) {
  signal == 0 ? out->NullField("signal") : out->Field("signal", SignalName(signal));
}

struct AddDetail {
  const ObservedEvent& observed;
  JsonWriter* out;

  void operator()(const NamespaceChange& c) const {
    out->Field("operation", Name(c.operation));
    out->Field("errno", c.error);
    out->KnownField("errno_name", ErrnoName(c.error));
    out->Field("flags", c.flags);
    out->BeginObject("changes");
    for (NamespaceKind kind : kNamespaceKinds) {
      if (!c.Changed(kind)) continue;
      out->BeginObject(Name(kind));
      out->Field("from", c.from[kind].inode);
      out->Field("to", c.to[kind].inode);
      out->EndObject();
    }
    out->EndObject();
    Add("target", observed.peer, out);
    if (c.operation == NamespaceChange::Operation::kClone) {
      out->Field("child_pid", c.child_pid);
      out->Field("child_ns_pid", c.child_ns_pid);
    }
    if (observed.entry) {
      out->Field("by", Name(observed.entry->by));
      out->Field("before_start", observed.entry->before_start);
      Add(observed.entry->lineage, out);
    }
  }

  void operator()(const ConnectFailure& c) const {
    out->Field("protocol", Name(c.protocol));
    out->Field("family", FamilyName(c.family));
    out->KnownField("destination", c.destination);
    out->KnownField("port", c.port);
    out->KnownField("path", c.path);
    out->KnownField("source", c.source);
    out->KnownField("source_port", c.source_port);
    out->Field("errno", c.error);
    out->Field("errno_name", ErrnoName(c.error));
    out->Field("phase", Name(c.phase));
    out->KnownField("duration_ns", c.duration_ns);
    out->Field("destination_source", Name(c.destination_source));
  }

  void operator()(const Signal& s) const {
    out->Field("signal", s.signal);
    out->Field("name", SignalName(s.signal));
    out->Field("result", Name(s.result));
    out->BeginObject("sender");
    AddKnown("process", s.sender, out);
    Add("container", observed.peer, out);
    out->EndObject();
    out->BeginObject("target");
    out->BeginObject("process");
    Add(observed.event.process, out);
    out->EndObject();
    Add("container", observed.container, out);
    out->EndObject();
    out->Field("code", s.code);
    out->Field("by_kernel", s.by_kernel);
    out->Field("to_thread", !s.group);
    out->Field("disposition", Name(s.handler));
  }

  void operator()(const OomKill& o) const {
    const Process& victim = observed.event.process;
    out->Field("reason", Name(o.reason));
    out->BeginObject("victim");
    out->BeginObject("process");
    Add(victim, out);
    out->EndObject();
    out->Field("ns_pid", victim.ns_pid);
    out->EndObject();
    out->BeginObject("trigger");
    AddKnown("process", o.trigger, out);
    out->EndObject();
    out->KnownField("cgroup", o.cgroup_path);
    out->Field("limit_bytes", o.limit_bytes);
    out->Field("usage_bytes", o.usage_bytes);
    out->Field("anon_bytes", o.anon_bytes);
    out->Field("file_bytes", o.file_bytes);
    out->Field("shmem_bytes", o.shmem_bytes);
    out->Field("oom_score_adj", o.oom_score_adj);
    out->Field("victim_is_init", victim.ns_pid == 1);
  }

  void operator()(const CgroupChange& c) const {
    out->Field("born", c.born);
    out->Field("path", c.path);
    out->Field("truncated", c.truncated);
  }

  void operator()(const ProcessExec& e) const {
    out->Field("args", e.args);
    out->Field("truncated", e.truncated);
  }

  void operator()(const ProcessExit& e) const {
    out->Field("exit_code", e.exit_code);
    AddSignalName(e.signal, out);
    out->Field("core_dumped", e.core_dumped);
    out->Field("lifetime_ns", e.lifetime_ns);
  }

  void operator()(const ContainerStart&) const { AddKnown("init", observed.event.process, out); }

  void operator()(const ContainerExit& e) const {
    AddKnown("init", observed.event.process, out);
    out->Field("exit_code", e.exit_code);
    AddSignalName(e.signal, out);
    out->Field("lifetime_ns", e.lifetime_ns);
    out->Field("cause", e.cause);
  }

  void operator()(const Loss& l) const {
    out->Field("of", Name(l.of));
    Add("container", observed.container, out);
    out->Field("cause", l.cause);
    out->Field("count", l.count);
    out->Field("from", FormatRfc3339(l.from_wall_ns));
    out->Field("to", FormatRfc3339(l.to_wall_ns));
  }

  void operator()(const Gap& g) const {
    out->NullField("container");
    out->Field("cause", g.cause);
    out->NullField("count");
    out->Field("from", FormatRfc3339(g.from_wall_ns));
    out->Field("to", FormatRfc3339(g.to_wall_ns));
    out->Field("part", g.part);
    out->KnownField("reason", g.reason);
  }

  void operator()(const EnterUse& e) const {
    out->Field("tool", e.tool);
    out->Field("command", e.command);
    out->BeginArray("kinds");
    for (NamespaceKind kind : kNamespaceKinds) {
      if (e.kinds >> static_cast<int>(kind) & 1) out->Item(Name(kind));
    }
    out->EndArray();
    Add("target", observed.container, out);
    out->Field("duration_ns", e.duration_ns);
    out->Field("exit_code", e.exit_code);
  }

  void operator()(const PacketDrop& d) const {
    out->Field("protocol", Name(d.protocol));
    out->Field("family", FamilyName(d.family));
    out->KnownField("source", d.source);
    out->Field("source_port", d.source_port);
    out->KnownField("destination", d.destination);
    out->Field("port", d.port);
    out->KnownField("interface", d.interface);
    out->KnownField("netns", d.net.inode);
    out->KnownField("hook", d.hook == PacketDrop::Hook::kUnknown ? "" : Name(d.hook));
    out->Field("reason", "netfilter");
  }

  void operator()(const BindFailure& b) const {
    out->Field("operation", Name(b.operation));
    out->Field("protocol", Name(b.protocol));
    out->Field("family", FamilyName(b.family));
    out->KnownField("address", b.address);
    out->KnownField("port", b.port);
    out->KnownField("path", b.path);
    out->Field("errno", b.error);
    out->Field("errno_name", ErrnoName(b.error));
    out->Field("address_source", Name(b.address_source));
  }

  void operator()(const FileFailure& f) const {
    out->Field("operation", Name(f.operation));
    out->KnownField("path", f.path);
    out->Field("truncated", f.truncated);
    out->Field("flags", f.flags);
    out->Field("errno", f.error);
    out->Field("errno_name", ErrnoName(f.error));
    out->Field("path_source", Name(f.path_source));
  }

  void operator()(const DnsFailure& d) const {
    out->Field("protocol", Name(d.protocol));
    out->Field("family", FamilyName(d.family));
    out->KnownField("server", d.server);
    out->Field("port", d.port);
    out->Field("outcome", Name(d.outcome));
    out->KnownField("name", d.name);
    out->Field("name_truncated", !d.name.empty() && !d.name_whole);
    out->KnownField("type", d.type);
    out->Field("duration_ns", d.duration_ns);
    out->Field("given_up", d.given_up);
    out->KnownField("netns", d.net.inode);
  }
};

// For those who need a tree of it: rare things.
template <typename T>
Json Tree(const T& value) {
  JsonWriter out;
  out.BeginObject();
  Add(value, &out);
  out.EndObject();
  return Json::parse(out.text());
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

Json ToJson(const NamespaceSet& namespaces) { return Tree(namespaces); }

Json ToJson(const Process& process) { return Tree(process); }

Json EnrichedJson(const Container& c) {
  Json out = Json::object();
  for (const auto& [field, engine] : c.enriched) out[ToUtf8(field)] = ToUtf8(engine);
  return out;
}

Json ToJson(const ContainerRef& container) {
  return container == nullptr ? Json(nullptr) : Tree(*container);
}

std::string EventBody(const ObservedEvent& observed) {
  const Event& event = observed.event;
  JsonWriter out;
  out.BeginObject();
  Add("container", observed.container, &out);
  if (observed.entered && observed.entered_from == nullptr) {
    AddHost("entered_from", &out);
  } else {
    Add("entered_from", observed.entered ? observed.entered_from : nullptr, &out);
  }
  out.BeginObject("namespaces");
  Add(event.process.namespaces, &out);
  out.EndObject();
  AddKnown("process", event.process, &out);
  out.BeginObject(Name(event.kind));
  std::visit(AddDetail{observed, &out}, event.detail);
  out.EndObject();
  out.EndObject();
  return std::string(out.text());
}

Json ToJson(const ObservedEvent& observed) {
  Json out = {{"time", FormatRfc3339(observed.wall_ns)},
              {"boot_ns", observed.event.boot_ns},
              {"kind", Name(observed.event.kind)},
              {"count", observed.count},
              {"last_time", FormatRfc3339(observed.last_wall_ns)}};
  out.update(Json::parse(EventBody(observed)));
  return out;
}

}  // namespace nsobs
