#include "userspace/config/flags.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "userspace/config/options.h"

namespace nsobs {
namespace {

std::string Description(const Option& option) {
  const std::vector<std::string> words = SplitFlagText(option, option.default_text);
  const std::string value = absl::StrJoin(words, ", ");
  return absl::StrCat(FullHelp(option), " Default: ", value.empty() ? "none" : value, ".");
}

}  // namespace

void AddOptionFlags(CLI::App* command, std::string_view prefix, FlagTexts* texts) {
  for (const Option& option : Options()) {
    if (option.path.substr(0, prefix.size()) != prefix) continue;
    const std::string path(option.path);
    command
        ->add_option_function<std::vector<std::string>>(
            absl::StrCat("--", path),
            [path, texts](const std::vector<std::string>& given) {
              for (const std::string& text : given) texts->emplace_back(path, text);
            },
            Description(option))
        ->type_name(std::string(option.placeholder))
        ->allow_extra_args(false)
        ->take_all()
        ->group(std::string(SectionTitle(option.section())));
  }
}

}  // namespace nsobs
