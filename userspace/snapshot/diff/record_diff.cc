#include "userspace/snapshot/diff/record_diff.h"

#include <algorithm>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "userspace/snapshot/diff/diff_rules.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

// By a path of object keys; nullptr if it isn't there. Without exceptions, unlike json_pointer.
const Json* At(const Json& record, std::string_view pointer) {
  const Json* value = &record;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const size_t end = std::min(pointer.find('/'), pointer.size());
    if (!value->is_object()) return nullptr;
    const auto it = value->find(std::string(pointer.substr(0, end)));
    if (it == value->end()) return nullptr;
    value = &*it;
    pointer.remove_prefix(end);
  }
  return value;
}

bool IsIgnored(const DiffRule& rule, std::string_view field) {
  return std::find(rule.ignored.begin(), rule.ignored.end(), field) != rule.ignored.end();
}

bool IsCut(const Json& record, std::string_view pointer) {
  const Json* truncated = At(record, "/truncated");
  if (truncated == nullptr || !truncated->is_array()) return false;
  return std::find(truncated->begin(), truncated->end(), pointer) != truncated->end();
}

class Differ {
 public:
  Json Run(const Json& before, const Json& after) {
    for (const DiffRule& rule : DiffRules()) {
      const Json* old_value = At(before, rule.pointer);
      const Json* new_value = At(after, rule.pointer);
      // What one of them doesn't have was not asked for or could not be read: no change is known.
      if (old_value == nullptr || new_value == nullptr) continue;
      if (!rule.keys.empty()) {
        before_is_cut_ = IsCut(before, rule.pointer);
        after_is_cut_ = IsCut(after, rule.pointer);
        Lists(rule, *old_value, *new_value);
      } else if (old_value->is_object() && new_value->is_object()) {
        Objects(rule, "", *old_value, *new_value);
      } else if (rule.on_request && (old_value->is_null() || new_value->is_null())) {
        continue;
      } else if (*old_value != *new_value) {
        Values(rule, *old_value, *new_value);
      }
    }
    return std::move(out_);
  }

 private:
  void Add(const DiffRule& rule, const char* what, std::string_view behind, const Json* before,
           const Json* after, std::string text) {
    const std::string pointer(rule.pointer);
    Json row = {
        {"section", pointer.substr(1, pointer.find('/', 1) - 1)},
        {"what", what},
        {"path", behind.empty() ? pointer : absl::StrCat(pointer, "/", std::string(behind))}};
    if (before != nullptr) row["before"] = *before;
    if (after != nullptr) row["after"] = *after;
    row["text"] = std::move(text);
    out_.push_back(std::move(row));
  }

  void Values(const DiffRule& rule, const Json& before, const Json& after) {
    const std::string noun(rule.noun);
    std::string text;
    if (before.is_null()) {
      text = noun + " is there now";
    } else if (after.is_null()) {
      text = noun + " is gone";
    } else if (rule.pointer.ends_with("/inode")) {
      text = absl::StrCat(noun, " is another: ", InWords(after), ", was ", InWords(before));
    } else {
      text = absl::StrCat(noun, ": ", InWords(after), ", was ", InWords(before));
    }
    Add(rule,
        before.is_null()  ? "added"
        : after.is_null() ? "removed"
                          : "changed",
        "", before.is_null() ? nullptr : &before, after.is_null() ? nullptr : &after,
        std::move(text));
  }

  // Field by field, also of the objects in it: /init/limits/nofile.
  void Objects(const DiffRule& rule, const std::string& prefix, const Json& raw_before,
               const Json& raw_after) {
    const Json before = Normalized(rule, raw_before);
    const Json after = Normalized(rule, raw_after);
    for (const auto& [key, old_value] : before.items()) {
      const std::string field = prefix + key;
      const auto it = after.find(key);
      if (it == after.end() || IsIgnored(rule, field) || old_value == *it) continue;
      if (old_value.is_object() && it->is_object()) {
        Objects(rule, field + "/", old_value, *it);
      } else {
        Add(rule, "changed", field, &old_value, &*it,
            absl::StrCat(std::string(rule.noun), " ", field, ": ", InWords(*it), ", was ",
                         InWords(old_value)));
      }
    }
  }

  // Rows by key; equal keys (mounts on top of each other) are told apart by their order.
  struct Keyed {
    std::string key;
    Json row;
  };
  static std::vector<Keyed> KeyRows(const DiffRule& rule, const Json& list) {
    std::vector<Keyed> out;
    std::map<std::string, int> seen;
    if (!list.is_array()) return out;
    for (const Json& row : list) {
      if (!row.is_object()) continue;
      std::string key;
      for (const std::string_view field : rule.keys) {
        const auto it = row.find(std::string(field));
        if (it == row.end() || it->is_null()) continue;
        absl::StrAppend(&key, key.empty() ? "" : " ", InWords(*it));
      }
      const int count = ++seen[key];
      if (count > 1) absl::StrAppend(&key, " #", count);
      out.push_back({std::move(key), Normalized(rule, row)});
    }
    return out;
  }

  void Lists(const DiffRule& rule, const Json& old_list, const Json& new_list) {
    const std::vector<Keyed> before = KeyRows(rule, old_list);
    const std::vector<Keyed> after = KeyRows(rule, new_list);
    std::map<std::string_view, const Json*> now;
    for (const Keyed& row : after) now.emplace(row.key, &row.row);
    std::map<std::string_view, const Json*> then;
    for (const Keyed& row : before) {
      then.emplace(row.key, &row.row);
      const auto it = now.find(row.key);
      if (it == now.end()) {
        if (after_is_cut_) continue;
        Add(rule, "removed", row.key, &row.row, nullptr, Sentence(rule, row.row, "is gone"));
      } else {
        ChangedRow(rule, row.key, row.row, *it->second);
      }
    }
    for (const Keyed& row : after) {
      if (before_is_cut_ || then.contains(row.key)) continue;
      Add(rule, "added", row.key, nullptr, &row.row, Sentence(rule, row.row, "is new"));
    }
  }

  static std::string Sentence(const DiffRule& rule, const Json& row, const std::string& predicate) {
    return absl::StrCat(std::string(rule.noun), " ", NameOfRow(rule, row), " ", predicate);
  }

  void ChangedRow(const DiffRule& rule, const std::string& key, const Json& before,
                  const Json& after) {
    Json old_fields = Json::object(), new_fields = Json::object();
    std::string words;
    for (const auto& [field, old_value] : before.items()) {
      const auto it = after.find(field);
      if (it == after.end() || IsIgnored(rule, field) || old_value == *it) continue;
      old_fields[field] = old_value;
      new_fields[field] = *it;
      absl::StrAppend(&words, words.empty() ? "" : "; ", field, " ", InWords(*it), ", was ",
                      InWords(old_value));
    }
    if (old_fields.empty()) return;
    Add(rule, "changed", key, &old_fields, &new_fields, Sentence(rule, before, "has " + words));
  }

  Json out_ = Json::array();
  // A row that a cut list doesn't have may be there all the same.
  bool before_is_cut_ = false;
  bool after_is_cut_ = false;
};

}  // namespace

Json DiffRecords(const Json& before, const Json& after) { return Differ().Run(before, after); }

}  // namespace nsobs
