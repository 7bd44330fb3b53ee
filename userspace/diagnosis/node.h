// A place in a stored record that remembers where it is. Total: whatever stands there, and whatever
// does not, every question has an answer and none throws.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nsobs {

// Valid as long as the record is. The pointer (RFC 6901) of a place that does not exist is that
// where it would be.
class Node {
 public:
  using Json = nlohmann::ordered_json;

  Node() = default;
  explicit Node(const Json& root) : json_(&root) {}

  // Something stands here, and it is not null.
  bool exists() const { return json_ != nullptr && !json_->is_null(); }
  bool is_array() const { return json_ != nullptr && json_->is_array(); }
  bool is_object() const { return json_ != nullptr && json_->is_object(); }

  Node operator[](std::string_view key) const;
  Node operator[](const char* key) const { return (*this)[std::string_view(key)]; }
  // The elements of an array, none of anything else.
  std::vector<Node> items() const;
  size_t size() const { return is_array() ? json_->size() : 0; }

  std::string text() const;  // "" if it is no text
  bool Is(std::string_view text) const;
  std::optional<int64_t> number() const;  // integers that fit
  int64_t number_or(int64_t otherwise) const { return number().value_or(otherwise); }
  double real_or(double otherwise) const;
  bool is_true() const;
  bool is_false() const;
  // An array with this text among its elements.
  bool Has(std::string_view text) const;

  const std::string& pointer() const { return pointer_; }
  // A copy of what stands here; null if nothing does.
  Json value() const { return json_ != nullptr ? *json_ : Json(); }

 private:
  Node(const Json* json, std::string pointer) : json_(json), pointer_(std::move(pointer)) {}

  const Json* json_ = nullptr;
  std::string pointer_;
};

}  // namespace nsobs
