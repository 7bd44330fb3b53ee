#include "userspace/config/example_yaml.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "userspace/config/options.h"
#include "userspace/config/word_wrap.h"

namespace nsobs {
namespace {

constexpr size_t kColumns = 100;

std::string Comment(std::string_view text, std::string_view indent) {
  std::string out;
  for (const std::string& line : WordWrap(text, kColumns - indent.size() - 2)) {
    absl::StrAppend(&out, std::string(indent), "# ", line, "\n");
  }
  return out;
}

// A scalar that YAML reads back as the same text: quoted where a plain one could be something else.
std::string Scalar(std::string_view text) {
  const bool plain =
      text.find_first_of(":#[]{},&*!|>'\"%@`|") == std::string_view::npos && !text.empty();
  return plain ? std::string(text) : absl::StrCat("\"", std::string(text), "\"");
}

std::string Value(const Option& option) {
  const bool is_switch = std::holds_alternative<FilesOption>(option.type);
  if (!option.is_list() || is_switch) return Scalar(option.default_text);
  return absl::StrCat("[", absl::StrJoin(SplitFlagText(option, option.default_text), ", "), "]");
}

// Flow lists are broken at commas, indented below their key.
std::string Entry(const Option& option) {
  std::string out;
  for (const std::string& line :
       WordWrap(absl::StrCat(std::string(option.key()), ": ", Value(option)), kColumns - 4)) {
    absl::StrAppend(&out, out.empty() ? "  " : "    ", line, "\n");
  }
  return out;
}

}  // namespace

std::string ExampleYaml() {
  std::string out =
      "# The configuration of nsobserver: every option with its default. Each is also a flag of\n"
      "# `nsobserver run`, e.g. --storage.path; a flag overrides the file. On SIGHUP the file is\n"
      "# read again; options marked (restart) keep their value until the daemon starts anew.\n";
  std::string_view section;
  for (const Option& option : Options()) {
    if (option.section() != section) {
      section = option.section();
      absl::StrAppend(&out, "\n", Comment(SectionTitle(section), ""), std::string(section), ":\n");
    } else {
      out += "\n";
    }
    const bool restart = option.on_reload == OnReload::kNeedsRestart;
    absl::StrAppend(&out,
                    Comment(absl::StrCat(FullHelp(option), restart ? " (restart)" : ""), "  "),
                    Entry(option));
  }
  return out;
}

}  // namespace nsobs
