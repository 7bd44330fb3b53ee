#include "userspace/timeline/container_filter.h"

#include <initializer_list>
#include <map>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr size_t kCandidatesShown = 5;

absl::StatusOr<std::vector<int64_t>> Refs(Database* database, const char* where,
                                          std::initializer_list<std::string_view> values) {
  NSOBS_ASSIGN_OR_RETURN(
      Statement select,
      database->Prepare(absl::StrCat("SELECT ref FROM containers WHERE ", where, " ORDER BY ref")));
  int index = 1;
  for (std::string_view value : values) select.Bind(index++, value);
  std::vector<int64_t> refs;
  absl::StatusOr<bool> row = select.Step();
  for (; row.ok() && *row; row = select.Step()) refs.push_back(select.Int(0));
  if (!row.ok()) return row.status();
  return refs;
}

absl::StatusOr<std::vector<int64_t>> RefsInPod(Database* database, const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  if (parts.size() == 2) return Refs(database, "pod = ? AND name = ?", {parts[0], parts[1]});
  if (parts.size() == 3) {
    return Refs(database, "pod_namespace = ? AND pod = ? AND name = ?",
                {parts[0], parts[1], parts[2]});
  }
  return std::vector<int64_t>();
}

absl::Status Ambiguous(const std::string& prefix, const std::map<std::string, std::string>& names) {
  std::vector<std::string> shown;
  for (const auto& [id, name] : names) {
    if (shown.size() == kCandidatesShown) {
      shown.push_back("...");
      break;
    }
    shown.push_back(absl::StrCat(ForTerminal(id), " (", ForTerminal(name), ")"));
  }
  return absl::InvalidArgumentError(absl::StrCat("container ", ForTerminal(prefix),
                                                 " is ambiguous: ", absl::StrJoin(shown, ", "),
                                                 " (use a name or more of the id)"));
}

absl::StatusOr<std::vector<int64_t>> RefsByPrefix(Database* database, const std::string& prefix) {
  // The upper bound sorts after everything that begins with the prefix; substr makes it exact.
  NSOBS_ASSIGN_OR_RETURN(
      Statement select,
      database->Prepare(
          "SELECT ref, id, name FROM containers WHERE id >= ?1 AND "
          "id < ?1 || char(1114111) AND substr(id, 1, length(?1)) = ?1 ORDER BY ref"));
  select.Bind(1, prefix);
  std::vector<int64_t> refs;
  std::map<std::string, std::string> names;  // by id
  absl::StatusOr<bool> row = select.Step();
  for (; row.ok() && *row; row = select.Step()) {
    refs.push_back(select.Int(0));
    names[std::string(select.Text(1))] = std::string(select.Text(2));
  }
  if (!row.ok()) return row.status();
  if (names.size() > 1) return Ambiguous(prefix, names);
  return refs;
}

}  // namespace

absl::StatusOr<ContainerFilter> ResolveContainer(Database* database, const std::string& text) {
  ContainerFilter filter;
  if (text == "host") {
    filter.host = true;
    return filter;
  }
  NSOBS_ASSIGN_OR_RETURN(filter.refs, Refs(database, "id = ?", {text}));
  if (filter.refs.empty()) {
    NSOBS_ASSIGN_OR_RETURN(filter.refs, Refs(database, "name = ?", {text}));
  }
  if (filter.refs.empty()) {
    NSOBS_ASSIGN_OR_RETURN(filter.refs, RefsInPod(database, text));
  }
  if (filter.refs.empty()) {
    NSOBS_ASSIGN_OR_RETURN(filter.refs, RefsByPrefix(database, text));
  }
  if (filter.refs.empty()) {
    return absl::NotFoundError(absl::StrCat("the timeline knows no container ", ForTerminal(text)));
  }
  return filter;
}

}  // namespace nsobs
