#include "userspace/config/yaml_file.h"

#include <yaml-cpp/yaml.h>

#include <exception>
#include <map>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/base/yaml_document.h"
#include "userspace/config/did_you_mean.h"
#include "userspace/config/options.h"

namespace nsobs {
namespace {

std::string Join(const std::vector<std::string_view>& words) {
  return absl::StrJoin(words, ", ", [](std::string* out, std::string_view w) { out->append(w); });
}

std::vector<std::string_view> SectionNames() {
  std::vector<std::string_view> names;
  for (const Option& option : Options()) {
    if (names.empty() || names.back() != option.section()) names.push_back(option.section());
  }
  return names;
}

std::vector<std::string_view> KeysOf(std::string_view section) {
  std::vector<std::string_view> keys;
  for (const Option& option : Options()) {
    if (option.section() == section) keys.push_back(option.key());
  }
  return keys;
}

class Loader {
 public:
  Loader(const std::string& name, Config* config) : name_(name), config_(*config) {}

  absl::Status Load(const std::string& text) {
    const YamlDocument document = LoadYamlDocument(text);
    if (document.more) return Error(*document.more, "only one document is allowed");
    if (document.root.IsNull()) return absl::OkStatus();
    if (!document.root.IsMap()) {
      return Error(document.root.Mark(),
                   absl::StrCat("must be a mapping of sections (", Join(SectionNames()), ")"));
    }
    for (const auto& entry : document.root) {
      NSOBS_RETURN_IF_ERROR(LoadSection(entry.first, entry.second));
    }
    return absl::OkStatus();
  }

  absl::Status Error(const YAML::Mark& mark, std::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat(name_, ":", mark.line + 1, ": ", std::string(what)));
  }

 private:
  absl::Status LoadSection(const YAML::Node& key, const YAML::Node& value) {
    if (!key.IsScalar()) return Error(key.Mark(), "a section's name must be a word");
    const std::string& section = key.Scalar();
    const std::vector<std::string_view> keys = KeysOf(section);
    if (keys.empty()) return UnknownSection(key);
    NSOBS_RETURN_IF_ERROR(OnlyOnce(key, section));
    if (value.IsNull()) return absl::OkStatus();  // all its options are commented out
    if (!value.IsMap()) {
      return Error(key.Mark(), absl::StrCat(section, ": is a section, put its options below it (",
                                            Join(keys), ")"));
    }
    for (const auto& entry : value) {
      NSOBS_RETURN_IF_ERROR(LoadOption(section, entry.first, entry.second));
    }
    return absl::OkStatus();
  }

  absl::Status LoadOption(const std::string& section, const YAML::Node& key,
                          const YAML::Node& value) {
    if (!key.IsScalar()) return Error(key.Mark(), "an option's name must be a word");
    const std::string path = absl::StrCat(section, ".", key.Scalar());
    const Option* option = FindOption(path);
    if (option == nullptr) return UnknownKey(section, key);
    NSOBS_RETURN_IF_ERROR(OnlyOnce(key, path));
    std::vector<std::string> words;
    absl::Status status = Words(*option, value, &words);
    if (status.ok()) status = SetOption(*option, words, &config_);
    const YAML::Mark mark = value.IsNull() ? key.Mark() : value.Mark();
    return status.ok() ? status : Error(mark, absl::StrCat(path, ": ", status.message()));
  }

  static absl::Status Words(const Option& option, const YAML::Node& value,
                            std::vector<std::string>* words) {
    const auto refuse = [&](std::string_view what) {
      return absl::InvalidArgumentError(
          absl::StrCat(std::string(what), " (allowed: ", Allowed(option), ")"));
    };
    if (value.IsNull()) return refuse("has no value");
    if (value.IsMap()) return refuse("takes a value, not a section");
    if (value.IsScalar()) {
      *words = SplitFlagText(option, value.Scalar());
      return absl::OkStatus();
    }
    for (const YAML::Node& item : value) {
      if (!item.IsScalar()) return refuse("takes a list of words");
      words->push_back(item.Scalar());
    }
    return absl::OkStatus();
  }

  absl::Status OnlyOnce(const YAML::Node& key, const std::string& path) {
    const int line = key.Mark().line + 1;
    const auto [first, inserted] = lines_.emplace(path, line);
    if (inserted) return absl::OkStatus();
    return Error(key.Mark(), absl::StrCat(path, ": given twice, first in line ", first->second));
  }

  absl::Status UnknownSection(const YAML::Node& key) const {
    const std::string shown = ForTerminal(key.Scalar());
    if (const Option* option = FindOption(key.Scalar())) {
      return Error(key.Mark(), absl::StrCat(shown, ": write it as \"", std::string(option->key()),
                                            "\" below \"", std::string(option->section()), ":\""));
    }
    const std::vector<std::string_view> names = SectionNames();
    const std::string hint = DidYouMean(key.Scalar(), names);
    return Error(key.Mark(),
                 absl::StrCat(shown, ": unknown section",
                              hint.empty() ? absl::StrCat(" (allowed: ", Join(names), ")") : hint));
  }

  absl::Status UnknownKey(const std::string& section, const YAML::Node& key) const {
    const std::vector<std::string_view> keys = KeysOf(section);
    const std::string hint = DidYouMean(key.Scalar(), keys);
    return Error(key.Mark(),
                 absl::StrCat(section, ".", ForTerminal(key.Scalar()), ": unknown option",
                              hint.empty() ? absl::StrCat(" (allowed: ", Join(keys), ")") : hint));
  }

  const std::string& name_;
  Config& config_;
  std::map<std::string, int> lines_;  // of each section and option given so far
};

}  // namespace

absl::Status ApplyYaml(const std::string& text, const std::string& name, Config* config) {
  Loader loader(name, config);
  try {
    return loader.Load(text);
  } catch (const YAML::Exception& e) {
    return loader.Error(e.mark, absl::StrCat("not YAML: ", ForTerminal(e.msg)));
  } catch (const std::exception& e) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": not YAML: ", ForTerminal(e.what())));
  }
}

}  // namespace nsobs
