#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"
#include "userspace/config/did_you_mean.h"
#include "userspace/main/subcommand.h"

namespace nsobs {
namespace {

constexpr size_t kDefaultLimit = 100;

std::vector<std::string_view> KindNames() {
  std::vector<std::string_view> names;
  names.reserve(kEventKindEnd);
  for (size_t i = 1; i < kEventKindEnd; ++i) names.push_back(Name(static_cast<EventKind>(i)));
  return names;
}

absl::Status ParseKinds(const std::string& text, EventQuery* query) {
  const std::vector<std::string_view> names = KindNames();
  for (const std::string& word : CommaWords(text)) {
    const std::optional<EventKind> kind = EventKindFromName(word);
    if (kind) {
      query->kinds.push_back(*kind);
      continue;
    }
    std::string allowed;
    for (const std::string_view name : names) {
      absl::StrAppend(&allowed, allowed.empty() ? "" : ", ", std::string(name));
    }
    return BadFlag("--kind", word, "is not a kind of event" + DidYouMean(word, names), allowed);
  }
  return absl::OkStatus();
}

absl::Status ParseNamespace(const std::string& text, EventQuery* query) {
  if (text.empty()) return absl::OkStatus();
  uint32_t inode = 0;
  if (const auto link = ParseNamespaceLink(text)) {
    query->namespace_kind = link->first;
    inode = link->second;
  } else if (!absl::SimpleAtoi(text, &inode)) {
    inode = 0;
  }
  if (inode == 0) {
    return BadFlag("--netns", text, "is not a namespace", "4026532846, net:[4026532846]");
  }
  // A bare number is that of a network namespace, as the flag's name says.
  if (!query->namespace_kind) query->namespace_kind = NamespaceKind::kNet;
  query->namespace_inode = inode;
  return absl::OkStatus();
}

class EventsSubcommand : public Subcommand {
 public:
  explicit EventsSubcommand(const Moment& moment) : moment_(moment) {}

  CLI::App* Declare(CLI::App* root) override {
    CLI::App* command = root->add_subcommand(
        "events",
        "What was observed, from the timeline: connect failures, signals, OOM kills, namespace "
        "changes, containers that came and went. Works while the daemon is down.");
    command->footer(
        "Examples:\n"
        "  nsobserver events --since 10m --container web\n"
        "      What happened to web in the last ten minutes.\n"
        "  nsobserver events --kind oom_kill,signal --follow\n"
        "      Kills and signals as they happen; Ctrl-C ends it.\n");
    common_.DeclareListing(command);
    DeclareFilters(command);
    common_.DeclareConfig(command, {"storage.path"});
    return command;
  }

  absl::StatusOr<Command> Finish() const override {
    EventsOptions options;
    NSOBS_ASSIGN_OR_RETURN(const Config config, common_.LoadedConfig());
    NSOBS_ASSIGN_OR_RETURN(options.format, common_.Format());
    options.storage_path = config.storage.path;
    options.follow = follow_;
    options.query.container = container_;
    NSOBS_RETURN_IF_ERROR(ParseTimes(since_, until_, moment_, &options.query.since_wall_ns,
                                     &options.query.until_wall_ns));
    NSOBS_RETURN_IF_ERROR(ParseKinds(kinds_, &options.query));
    NSOBS_RETURN_IF_ERROR(ParseNamespace(netns_, &options.query));
    NSOBS_RETURN_IF_ERROR(TakeLimit(&options));
    NSOBS_RETURN_IF_ERROR(CheckFollow(options));
    return options;
  }

 private:
  void DeclareFilters(CLI::App* command) {
    const auto add = [&](const char* flag, std::string& text, const char* type, const char* help) {
      command->add_option(flag, text, help)->type_name(type);
    };
    add("--since", since_, "TIME",
        "From then on: back from now (10m, 2h, 14d), RFC 3339, or \"2026-11-23 14:02\" in local "
        "time.");
    add("--until", until_, "TIME", "Up to then.");
    add("--container", container_, "NAME",
        "Of this one: name, id or unique prefix of it, pod/container; host for the host itself.");
    add("--kind", kinds_, "KIND",
        "Only these, several with commas: namespace_change, connect_failure, signal, oom_kill, "
        "container_start, container_exit, loss, gap, entry.");
    add("--netns", netns_, "INODE", "In this network namespace: 4026532846 or net:[4026532846].");
    add("--limit", limit_, "COUNT",
        "The newest so many; 0 for all. Default: 100, or all if --since or --until is given.");
    command->add_flag(
        "-f,--follow", follow_,
        "Then show new ones as they are recorded, and once more those that grew: in jsonl the row "
        "with "
        "the same id and the new count, in a table a line that says \"again:\".");
  }

  absl::Status TakeLimit(EventsOptions* options) const {
    options->limit_is_default = limit_.empty() && since_.empty() && until_.empty();
    if (options->limit_is_default) options->limit = kDefaultLimit;
    if (limit_.empty()) return absl::OkStatus();
    NSOBS_ASSIGN_OR_RETURN(options->limit, ParseLimit(limit_, "events"));
    return absl::OkStatus();
  }

  static absl::Status CheckFollow(const EventsOptions& options) {
    if (!options.follow) return absl::OkStatus();
    if (options.query.until_wall_ns) {
      return absl::InvalidArgumentError("--follow has no end: it doesn't go with --until");
    }
    if (options.format == OutputFormat::kJson) {
      return absl::InvalidArgumentError(
          "--follow has no end, a json array has one (allowed: -o table, -o jsonl)");
    }
    return absl::OkStatus();
  }

  const Moment moment_;
  std::string since_, until_, container_, kinds_, netns_, limit_;
  bool follow_ = false;
};

}  // namespace

std::unique_ptr<Subcommand> MakeEventsSubcommand(const Moment& moment) {
  return std::make_unique<EventsSubcommand>(moment);
}

}  // namespace nsobs
