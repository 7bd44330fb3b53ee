#include "userspace/diagnosis/node.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace nsobs {
namespace {

std::string Escaped(std::string_view key) {
  return absl::StrReplaceAll(absl::string_view(key.data(), key.size()), {{"~", "~0"}, {"/", "~1"}});
}

}  // namespace

Node Node::operator[](std::string_view key) const {
  const Json* child = nullptr;
  if (is_object()) {
    const auto found = json_->find(std::string(key));
    if (found != json_->end()) child = &*found;
  }
  return Node(child, absl::StrCat(pointer_, "/", Escaped(key)));
}

std::vector<Node> Node::items() const {
  std::vector<Node> out;
  if (!is_array()) return out;
  out.reserve(json_->size());
  size_t index = 0;
  for (const Json& element : *json_)
    out.push_back(Node(&element, absl::StrCat(pointer_, "/", index++)));
  return out;
}

std::string Node::text() const {
  return json_ != nullptr && json_->is_string() ? json_->get_ref<const std::string&>()
                                                : std::string();
}

bool Node::Is(std::string_view text) const {
  return json_ != nullptr && json_->is_string() && json_->get_ref<const std::string&>() == text;
}

std::optional<int64_t> Node::number() const {
  if (json_ == nullptr || !json_->is_number_integer()) return std::nullopt;
  if (json_->is_number_unsigned() &&
      json_->get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return std::nullopt;
  }
  return json_->get<int64_t>();
}

double Node::real_or(double otherwise) const {
  return json_ != nullptr && json_->is_number() ? json_->get<double>() : otherwise;
}

bool Node::is_true() const { return json_ != nullptr && json_->is_boolean() && json_->get<bool>(); }

bool Node::is_false() const {
  return json_ != nullptr && json_->is_boolean() && !json_->get<bool>();
}

bool Node::Has(std::string_view text) const {
  for (const Node& element : items()) {
    if (element.Is(text)) return true;
  }
  return false;
}

}  // namespace nsobs
