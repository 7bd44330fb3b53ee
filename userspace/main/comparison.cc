#include "userspace/main/comparison.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "userspace/event/event_json.h"
#include "userspace/main/json_out.h"
#include "userspace/main/table.h"

namespace nsobs {
namespace {

Cell ResultCell(Comparison comparison) {
  switch (comparison) {
    case Comparison::kSame:
      return {"same", Style::kYellow};
    case Comparison::kDifferent:
      return {"different", Style::kGreen};
    case Comparison::kUnknown:
      return {"unknown", Style::kDim};
  }
  return {};
}

Json ResultJson(Comparison comparison) {
  switch (comparison) {
    case Comparison::kSame:
      return true;
    case Comparison::kDifferent:
      return false;
    case Comparison::kUnknown:
      return nullptr;
  }
  return nullptr;
}

std::string InodeText(const NamespaceIdentity& identity) {
  return identity.inode == 0 ? "-" : absl::StrCat(identity.inode);
}

Json InodeJson(const NamespaceIdentity& identity) {
  return identity.inode == 0 ? Json(nullptr) : Json(identity.inode);
}

Json TargetJson(const NamedTarget& target) {
  return {{"target", target.title}, {"container", ToJson(target.container)}};
}

void PrintTable(const NamedTarget& a, const NamedTarget& b, const Console& console) {
  const auto results = CompareTargets(a, b);
  Table table({{.title = "KIND", .rank = 9, .least = 6},
               {.title = a.title, .rank = 1, .least = 10, .right = true},
               {.title = b.title, .rank = 1, .least = 10, .right = true},
               {.title = "RESULT", .rank = 9, .least = 9}},
              console.screen);
  for (const NamespaceKind kind : kNamespaceKinds) {
    table.AddRow({{std::string(Name(kind))},
                  {InodeText(a.namespaces[kind])},
                  {InodeText(b.namespaces[kind])},
                  ResultCell(results[static_cast<size_t>(kind)])});
  }
  table.Print(console.out);
}

void PrintJson(const NamedTarget& a, const NamedTarget& b, OutputFormat format,
               const Console& console) {
  const auto results = CompareTargets(a, b);
  Json rows = Json::array();
  for (const NamespaceKind kind : kNamespaceKinds) {
    rows.push_back({{"kind", Name(kind)},
                    {"a", InodeJson(a.namespaces[kind])},
                    {"b", InodeJson(b.namespaces[kind])},
                    {"same", ResultJson(results[static_cast<size_t>(kind)])}});
  }
  const Json object = {{"a", TargetJson(a)}, {"b", TargetJson(b)}, {"namespaces", std::move(rows)}};
  const int indent = format == OutputFormat::kJson ? 2 : -1;
  console.out << object.dump(indent, ' ', true, Json::error_handler_t::replace) << '\n';
}

}  // namespace

std::array<Comparison, kNamespaceKindCount> CompareTargets(const NamedTarget& a,
                                                           const NamedTarget& b) {
  std::array<Comparison, kNamespaceKindCount> results{};
  for (const NamespaceKind kind : kNamespaceKinds) {
    const NamespaceIdentity &left = a.namespaces[kind], &right = b.namespaces[kind];
    const bool known = left.inode != 0 && right.inode != 0;
    results[static_cast<size_t>(kind)] = !known                       ? Comparison::kUnknown
                                         : SameNamespace(left, right) ? Comparison::kSame
                                                                      : Comparison::kDifferent;
  }
  return results;
}

ExitCode PrintComparison(const NamedTarget& a, const NamedTarget& b, OutputFormat format,
                         const Console& console) {
  if (format == OutputFormat::kTable) {
    PrintTable(a, b, console);
  } else {
    PrintJson(a, b, format, console);
  }
  const auto results = CompareTargets(a, b);
  const bool compared = std::any_of(results.begin(), results.end(), [](Comparison result) {
    return result != Comparison::kUnknown;
  });
  if (compared) return kExitDone;
  console.Complain(absl::StrCat("nothing of ", a.title, " and ", b.title, " can be compared"));
  return kExitNothing;
}

}  // namespace nsobs
