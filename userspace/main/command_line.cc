#include "userspace/main/command_line.h"

#include <algorithm>
#include <exception>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/config/did_you_mean.h"
#include "userspace/main/help_formatter.h"
#include "userspace/main/subcommand.h"
#include "userspace/main/version.h"

namespace nsobs {
namespace {

constexpr char kAbout[] =
    "nsobserver sees what fails around Linux namespaces (connects, signals, OOM kills, namespace "
    "changes), names the container, and remembers.";
constexpr char kFooter[] =
    "Examples:\n"
    "  nsobserver run --config /etc/nsobserver.yaml\n"
    "      Begin to observe this host.\n"
    "  nsobserver top\n"
    "      Which containers are in trouble now, live.\n"
    "  nsobserver events --since 10m\n"
    "      What went wrong in the last ten minutes.\n"
    "  nsobserver diagnose web\n"
    "      What is wrong with the container web, and what to change.\n"
    "\n"
    "Every command has a --help of its own. Exit codes: 0 done, 1 nothing found,\n"
    "2 wrong use or bad input, 3 not permitted or not supported here.\n";

struct Parser {
  explicit Parser(const Moment& moment) : subcommands(MakeSubcommands(moment)) {
    root.formatter(std::make_shared<HelpFormatter>());
    root.set_help_flag("-h,--help", "Show this and exit.");
    root.set_version_flag("--version", absl::StrCat("nsobserver ", kVersion, " (", kRevision, ")"),
                          "Show the version and exit.");
    root.allow_extras();  // they are reported by Leftover(), with a hint
    for (const auto& subcommand : subcommands) {
      commands.push_back(subcommand->Declare(&root));
      commands.back()->allow_extras();
    }
    root.require_subcommand(0, 1);
    root.footer(kFooter);  // last: subcommands inherit it otherwise
  }

  CLI::App root{kAbout, "nsobserver"};
  const std::vector<std::unique_ptr<Subcommand>> subcommands;
  std::vector<CLI::App*> commands;  // of the same order
};

absl::Status UnknownOption(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const std::string flag = word.substr(0, word.find('='));
  const std::string command = app.get_name() == "nsobserver" ? "" : app.get_name() + " ";
  return absl::InvalidArgumentError(absl::StrCat("unknown option ", ForTerminal(flag),
                                                 DidYouMean(flag, candidates), " (nsobserver ",
                                                 command, "--help)"));
}

absl::Status UnknownCommand(const Parser& parser, const std::string& word) {
  std::vector<std::string> names;
  names.reserve(parser.commands.size());
  for (const CLI::App* command : parser.commands) names.push_back(command->get_name());
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  return absl::InvalidArgumentError(absl::StrCat("unknown command \"", ForTerminal(word), "\"",
                                                 DidYouMean(word, candidates),
                                                 " (nsobserver --help)"));
}

// What no option took; the "--" before a command to be run is not one of its words.
std::vector<std::string> Untaken(const CLI::App& app) {
  std::vector<std::string> rest = app.remaining();
  rest.erase(std::remove(rest.begin(), rest.end(), "--"), rest.end());
  return rest;
}

// An error for the first word that nothing takes.
absl::Status Leftover(const Parser& parser) {
  for (const CLI::App* command : parser.commands) {
    const std::vector<std::string> rest = Untaken(*command);
    if (rest.empty()) continue;
    if (absl::StartsWith(rest[0], "-")) return UnknownOption(*command, rest[0]);
    return absl::InvalidArgumentError(absl::StrCat(command->get_name(), " doesn't take \"",
                                                   ForTerminal(rest[0]), "\" (nsobserver ",
                                                   command->get_name(), " --help)"));
  }
  const std::vector<std::string> rest = Untaken(parser.root);
  if (rest.empty()) return absl::OkStatus();
  if (absl::StartsWith(rest[0], "-")) return UnknownOption(parser.root, rest[0]);
  return UnknownCommand(parser, rest[0]);
}

// "compare ", or "" before any command was recognised.
std::string ChosenPrefix(const Parser& parser) {
  for (const CLI::App* command : parser.commands) {
    if (command->parsed()) return command->get_name() + " ";
  }
  return "";
}

absl::Status Parse(const std::vector<std::string>& words, Parser* parser, ParsedLine* line) {
  std::vector<std::string> reversed(words.rbegin(), words.rend());  // CLI11 takes from the back
  try {
    parser->root.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    line->text = parser->root.help();
  } catch (const CLI::CallForVersion& version) {
    line->text = absl::StrCat(version.what(), "\n");
  } catch (const std::exception& error) {
    // A wrong word may be the cause of what CLI11 complains about.
    NSOBS_RETURN_IF_ERROR(Leftover(*parser));
    return absl::InvalidArgumentError(
        absl::StrCat(ForTerminal(error.what()), " (nsobserver ", ChosenPrefix(*parser), "--help)"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ParsedLine> ParseCommandLine(const std::vector<std::string>& words,
                                            const Moment& moment) {
  Parser parser(moment);
  ParsedLine line;
  NSOBS_RETURN_IF_ERROR(Parse(words, &parser, &line));
  if (!line.text.empty()) return line;
  NSOBS_RETURN_IF_ERROR(Leftover(parser));
  for (size_t i = 0; i < parser.commands.size(); ++i) {
    if (!parser.commands[i]->parsed()) continue;
    NSOBS_ASSIGN_OR_RETURN(line.command, parser.subcommands[i]->Finish());
    NSOBS_ASSIGN_OR_RETURN(line.color, parser.subcommands[i]->Color());
    return line;
  }
  return absl::InvalidArgumentError(
      "a command is missing: run, doctor, containers, namespaces, compare, top, events, findings, "
      "snapshot, snapshots, diagnose or enter (nsobserver --help)");
}

}  // namespace nsobs
