#include "userspace/main/target.h"

#include <algorithm>
#include <functional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "userspace/base/file.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/config/did_you_mean.h"

namespace nsobs {
namespace {

constexpr size_t kCandidatesShown = 5;
constexpr size_t kShortId = 12;

std::string FullName(const Container& c) {
  return c.pod ? absl::StrCat(*c.pod, "/", c.name) : c.name;
}

std::string Candidate(const Container& c) {
  return ForTerminal(
      absl::StrCat(FullName(c), " (", c.runtime, " ", c.id.substr(0, kShortId), ")"));
}

using Match = std::function<bool(const Container&)>;

std::vector<ContainerRef> Filter(const std::vector<ContainerRef>& containers, const Match& match) {
  std::vector<ContainerRef> out;
  for (const ContainerRef& c : containers) {
    if (match(*c)) out.push_back(c);
  }
  // The living go before the dead of the same name.
  const auto alive = [](const ContainerRef& c) { return c->died_boot_ns == 0; };
  if (std::any_of(out.begin(), out.end(), alive)) {
    out.erase(std::remove_if(out.begin(), out.end(), std::not_fn(alive)), out.end());
  }
  return out;
}

absl::Status NoSuchContainer(std::string_view text, const std::vector<ContainerRef>& containers) {
  std::vector<std::string> names;
  names.reserve(containers.size());
  for (const ContainerRef& c : containers) names.push_back(FullName(*c));
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  return absl::NotFoundError(absl::StrCat(
      "no container is called \"", ForTerminal(text), "\"",
      ForTerminal(DidYouMean(text, candidates)),
      containers.empty() ? " (none runs here)" : " (nsobserver containers lists them)"));
}

absl::Status Ambiguous(std::string_view text, const std::vector<ContainerRef>& found) {
  std::vector<std::string> shown;
  shown.reserve(kCandidatesShown);
  for (size_t i = 0; i < std::min(found.size(), kCandidatesShown); ++i) {
    shown.push_back(Candidate(*found[i]));
  }
  const size_t more = found.size() - shown.size();
  return absl::InvalidArgumentError(
      absl::StrCat("\"", ForTerminal(text), "\" could be any of ", absl::StrJoin(shown, ", "),
                   more > 0 ? absl::StrCat(" and ", more, " more") : "", ": use an id"));
}

// The first rule that finds any container decides.
absl::StatusOr<NamedTarget> ResolveContainer(std::string_view text,
                                             const std::vector<ContainerRef>& containers) {
  const Match rules[] = {
      [&](const Container& c) { return c.id == text; },
      [&](const Container& c) { return c.name == text; },
      [&](const Container& c) { return c.pod && FullName(c) == text; },
      [&](const Container& c) { return !text.empty() && c.id.substr(0, text.size()) == text; },
  };
  for (const Match& rule : rules) {
    const std::vector<ContainerRef> found = Filter(containers, rule);
    if (found.size() > 1) return Ambiguous(text, found);
    if (found.size() == 1) {
      return NamedTarget{ForTerminal(FullName(*found[0])), found[0], found[0]->namespaces};
    }
  }
  return NoSuchContainer(text, containers);
}

const NamespaceRecord* Find(const std::vector<NamespaceRecord>& namespaces, NamespaceKind kind,
                            uint32_t inode) {
  for (const NamespaceRecord& ns : namespaces) {
    if (ns.kind == kind && ns.identity.inode == inode && ns.died_boot_ns == 0) return &ns;
  }
  return nullptr;
}

absl::StatusOr<NamedTarget> ResolveProcess(std::string_view text, std::string_view number,
                                           const std::vector<NamespaceRecord>& namespaces,
                                           const std::string& proc_root) {
  uint32_t pid = 0;
  if (!absl::SimpleAtoi(absl::string_view(number.data(), number.size()), &pid) || pid == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", ForTerminal(text), "\" is not a process (allowed: pid:4711)"));
  }
  NamedTarget target{absl::StrCat("pid:", pid), nullptr, {}};
  for (const NamespaceKind kind : kNamespaceKinds) {
    const absl::StatusOr<std::string> link =
        ReadLink(absl::StrCat(proc_root, "/", pid, "/ns/", std::string(Name(kind))));
    if (absl::IsNotFound(link.status())) continue;  // gone, or a kernel without this kind
    if (!link.ok()) return Annotate(link.status(), target.title);
    const auto parsed = ParseNamespaceLink(*link);
    if (!parsed) continue;
    target.namespaces[kind].inode = parsed->second;
    const NamespaceRecord* known = Find(namespaces, kind, parsed->second);
    if (known != nullptr) target.namespaces[kind] = known->identity;
  }
  if (target.namespaces == NamespaceSet()) {
    return absl::NotFoundError(absl::StrCat("no process has pid ", pid));
  }
  return target;
}

absl::StatusOr<NamedTarget> ResolveNamespace(std::string_view text, NamespaceKind kind,
                                             uint32_t inode,
                                             const std::vector<NamespaceRecord>& namespaces) {
  const NamespaceRecord* found = Find(namespaces, kind, inode);
  if (found == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("no namespace ", std::string(text), " (nsobserver namespaces lists them)"));
  }
  NamedTarget target{std::string(text), nullptr, {}};
  target.namespaces[kind] = found->identity;
  return target;
}

NamedTarget Host(const std::vector<NamespaceRecord>& namespaces) {
  NamedTarget target{"host", nullptr, {}};
  for (const NamespaceRecord& ns : namespaces) {
    if (ns.is_host) target.namespaces[ns.kind] = ns.identity;
  }
  return target;
}

}  // namespace

absl::StatusOr<NamedTarget> ResolveTarget(std::string_view text,
                                          const std::vector<ContainerRef>& containers,
                                          const std::vector<NamespaceRecord>& namespaces,
                                          const std::string& proc_root) {
  if (text.empty()) {
    return absl::InvalidArgumentError(
        "an empty TARGET (allowed: a container's name or id, pod/container, pid:N, net:[INODE], "
        "host)");
  }
  if (const auto link = ParseNamespaceLink(text)) {
    return ResolveNamespace(text, link->first, link->second, namespaces);
  }
  constexpr std::string_view kPid = "pid:";
  if (text.substr(0, kPid.size()) == kPid) {
    return ResolveProcess(text, text.substr(kPid.size()), namespaces, proc_root);
  }
  if (text == "host") return Host(namespaces);
  return ResolveContainer(text, containers);
}

bool SameNamespace(const NamespaceIdentity& a, const NamespaceIdentity& b) {
  if (a.id != 0 && b.id != 0) return a.id == b.id && a.inode == b.inode;
  return a.inode == b.inode;
}

}  // namespace nsobs
