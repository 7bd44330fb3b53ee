#include "userspace/main/help_formatter.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "userspace/config/word_wrap.h"

namespace nsobs {
namespace {

constexpr size_t kColumns = 80;
constexpr size_t kIndent = 2;
constexpr size_t kTextColumn = 24;

// "  name      text", the text wrapped in its own column; on the next line below a long name.
std::string Entry(const std::string& name, const std::string& text) {
  const std::string indent(kTextColumn, ' ');
  std::string out = absl::StrCat(std::string(kIndent, ' '), name);
  if (out.size() + 2 > kTextColumn) {
    absl::StrAppend(&out, "\n", indent);
  } else {
    out.resize(kTextColumn, ' ');
  }
  const std::vector<std::string> lines = WordWrap(text, kColumns - kTextColumn);
  return absl::StrCat(out, absl::StrJoin(lines, absl::StrCat("\n", indent)), "\n");
}

std::string OptionName(const CLI::Option& option) {
  if (option.get_positional() && !option.nonpositional()) return option.get_name(true, false);
  const std::string type = option.get_type_size() == 0 ? "" : " " + option.get_type_name();
  return absl::StrCat(option.get_name(false, true), type);
}

std::string Group(const std::string& title, const std::vector<const CLI::Option*>& options) {
  if (options.empty()) return "";
  std::string out = absl::StrCat("\n", title, ":\n");
  for (const CLI::Option* option : options) {
    absl::StrAppend(&out, Entry(OptionName(*option), option->get_description()));
  }
  return out;
}

std::string Commands(const CLI::App& app) {
  const auto commands = app.get_subcommands({});
  if (commands.empty()) return "";
  std::string out = "\nCommands:\n";
  for (const CLI::App* command : commands) {
    absl::StrAppend(&out, Entry(command->get_name(), command->get_description()));
  }
  return out;
}

}  // namespace

std::string HelpFormatter::make_help(const CLI::App* app, std::string name,
                                     CLI::AppFormatMode) const {
  std::string out = absl::StrCat(absl::StrJoin(WordWrap(app->get_description(), kColumns), "\n"),
                                 "\n\n", make_usage(app, name));
  const auto positionals =
      app->get_options([](const CLI::Option* option) { return option->get_positional(); });
  absl::StrAppend(&out, Group("Arguments", positionals), Commands(*app));
  for (const std::string& group : app->get_groups()) {
    const auto options = app->get_options([&group](const CLI::Option* option) {
      return option->get_group() == group && option->nonpositional();
    });
    absl::StrAppend(&out, Group(group, options));
  }
  return absl::StrCat(out, app->get_footer().empty() ? "" : "\n", app->get_footer());
}

}  // namespace nsobs
