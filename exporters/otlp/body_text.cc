#include "exporters/otlp/body_text.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxBodyBytes = 1024;

// The text or number at a path of keys; "" if there is none.
std::string At(const Json& from, std::initializer_list<const char*> path) {
  const Json* at = &from;
  for (const char* key : path) {
    const auto it = at->is_object() ? at->find(key) : at->end();
    if (it == at->end()) return "";
    at = &*it;
  }
  if (at->is_string()) return at->get<std::string>();
  return at->is_number() ? at->dump() : "";
}

void Word(const std::string& word, std::string* out) {
  if (!word.empty()) absl::StrAppend(out, " ", word);
}

std::string Peer(const Json& own) {
  for (const char* key : {"path", "destination", "address", "server"}) {
    const std::string host = At(own, {key});
    if (host.empty()) continue;
    const std::string port = At(own, {"port"});
    if (port.empty() || std::string_view(key) == "path") return host;
    const bool v6 = host.find(':') != std::string::npos;
    return v6 ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
  }
  return "";
}

void Changes(const Json& own, std::string* out) {
  const auto it = own.find("changes");
  if (it == own.end() || !it->is_object()) return;
  for (const auto& [kind, change] : it->items()) {
    absl::StrAppend(out, " ", kind, ":", At(change, {"from"}), "->", At(change, {"to"}));
  }
}

}  // namespace

std::string EventText(const Json& event) {
  const std::string kind = At(event, {"kind"});
  const std::string container = At(event, {"container", "name"});
  std::string out = absl::StrCat(container.empty() ? "host" : container, ": ", kind);
  const Json own = event.contains(kind) ? event.at(kind) : Json::object();
  for (const char* key : {"errno_name", "outcome", "operation", "protocol", "name", "result",
                          "reason", "cause", "command"}) {
    Word(At(own, {key}), &out);
  }
  Word(Peer(own), &out);
  Changes(own, &out);
  if (kind == "container_exit") absl::StrAppend(&out, " exit_code ", At(own, {"exit_code"}));
  if (const std::string count = At(own, {"count"}); !count.empty())
    absl::StrAppend(&out, " ", count);
  if (const std::string comm = At(event, {"process", "comm"}); !comm.empty()) {
    absl::StrAppend(&out, kind == "signal" || kind == "oom_kill" ? " to " : " by ", comm, " (pid ",
                    At(event, {"process", "pid"}), ")");
  }
  if (const std::string sender = At(own, {"sender", "process", "comm"}); !sender.empty()) {
    absl::StrAppend(&out, " from ", sender, " (pid ", At(own, {"sender", "process", "pid"}), ")");
  }
  const std::string count = At(event, {"count"});
  if (!count.empty() && count != "1") absl::StrAppend(&out, " (", count, " times)");
  return ForLabel(out, kMaxBodyBytes);
}

}  // namespace nsobs
