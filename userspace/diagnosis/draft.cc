#include "userspace/diagnosis/draft.h"

namespace nsobs {
namespace {

constexpr size_t kLongestList = 8;

}  // namespace

Draft::Draft(const Record& record, std::string_view case_id, Confidence confidence) {
  finding_.case_id = case_id;
  finding_.confidence = confidence;
  finding_.event_serials = record.TriggerSerials();
}

Draft& Draft::Summary(std::string text) {
  finding_.summary = std::move(text);
  return *this;
}

Draft& Draft::Fix(std::string text) {
  finding_.fix = std::move(text);
  return *this;
}

Draft& Draft::Check(std::string text) {
  finding_.check = std::move(text);
  return *this;
}

Draft& Draft::Because(std::string claim, const Node& node) {
  if (!node.exists()) return *this;
  Node::Json value = node.size() > kLongestList ? Node::Json(node.size()) : node.value();
  finding_.evidence.push_back({std::move(claim), node.pointer(), std::move(value)});
  return *this;
}

}  // namespace nsobs
