// The one document of a configuration file in YAML.
#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
#include <string>

namespace nsobs {

struct YamlDocument {
  YAML::Node root;  // null if there is none
  // Where something stands that does not belong to it: a second document, or a stray comma.
  std::optional<YAML::Mark> more;
};

// Throws YAML::Exception for what isn't YAML. Ends for any text, which YAML::LoadAll() of yaml-cpp
// 0.7 does not: it takes a comma at the beginning for an empty document, again and again.
YamlDocument LoadYamlDocument(const std::string& text);

}  // namespace nsobs
