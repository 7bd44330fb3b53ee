// Subcommands that look at this host: doctor, containers, namespaces, compare.
#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"
#include "userspace/main/subcommand.h"

namespace nsobs {
namespace {

class DoctorSubcommand : public Subcommand {
 public:
  CLI::App* Declare(CLI::App* root) override {
    CLI::App* command = root->add_subcommand(
        "doctor",
        "What this host supports, source by source, with the hook chosen and what it costs.");
    command->footer(
        "Examples:\n"
        "  nsobserver doctor\n"
        "      Before the first run: is everything there that the daemon needs?\n"
        "  nsobserver doctor -o json --probes.syscall-hooks=off\n"
        "      For scripts: which sources remain without syscall hooks.\n");
    common_.DeclareListing(command);
    common_.DeclareConfig(command, {"storage.path", "probes.", "ring.", "engines.", "runtimes."});
    return command;
  }

  absl::StatusOr<Command> Finish() const override {
    NSOBS_ASSIGN_OR_RETURN(Config config, common_.LoadedConfig());
    NSOBS_ASSIGN_OR_RETURN(const OutputFormat format, common_.Format());
    return DoctorOptions{std::move(config), format};
  }
};

class ContainersSubcommand : public Subcommand {
 public:
  CLI::App* Declare(CLI::App* root) override {
    CLI::App* command = root->add_subcommand(
        "containers",
        "The containers that run here, whatever runs them, found without asking an engine. Needs "
        "root.");
    command->footer(
        "Examples:\n"
        "  nsobserver containers\n"
        "      What runs on this host now.\n"
        "  nsobserver containers --all -o jsonl | jq -r 'select(.state==\"exited\").name'\n"
        "      The names of those that are gone but remembered.\n");
    common_.DeclareListing(command);
    command->add_flag("-a,--all", all_, "Also those that the timeline remembers and run no more.");
    common_.DeclareConfig(command, {"storage.path", "runtimes."});
    return command;
  }

  absl::StatusOr<Command> Finish() const override {
    NSOBS_ASSIGN_OR_RETURN(Config config, common_.LoadedConfig());
    NSOBS_ASSIGN_OR_RETURN(const OutputFormat format, common_.Format());
    return ContainersOptions{std::move(config), format, all_};
  }

 private:
  bool all_ = false;
};

class NamespacesSubcommand : public Subcommand {
 public:
  CLI::App* Declare(CLI::App* root) override {
    CLI::App* command = root->add_subcommand(
        "namespaces",
        "The namespaces of this host: whose they are and who shares them. Needs root.");
    command->footer(
        "Examples:\n"
        "  nsobserver namespaces --kind net\n"
        "      Every network namespace, its owner, and in SHARED the pods and hostNetwork.\n"
        "  nsobserver namespaces web\n"
        "      The eight of one container.\n");
    command->add_option("TARGET", target_, absl::StrCat("Only those of this one. ", kTargetHelp));
    common_.DeclareListing(command);
    command
        ->add_option("--kind", kinds_,
                     "Only these kinds: cgroup, ipc, mnt, net, pid, time, user, uts; several with "
                     "commas.")
        ->type_name("KIND");
    common_.DeclareConfig(command, {"storage.path", "runtimes."});
    return command;
  }

  absl::StatusOr<Command> Finish() const override {
    NamespacesOptions options;
    NSOBS_ASSIGN_OR_RETURN(options.config, common_.LoadedConfig());
    NSOBS_ASSIGN_OR_RETURN(options.format, common_.Format());
    for (const std::string& word : CommaWords(kinds_)) {
      const std::optional<NamespaceKind> kind = NamespaceKindFromName(word);
      if (!kind) {
        return BadFlag("--kind", word, "is not a kind of namespace",
                       "cgroup, ipc, mnt, net, pid, time, user, uts");
      }
      options.kinds.push_back(*kind);
    }
    if (!target_.empty()) options.target = target_;
    return options;
  }

 private:
  std::string target_;
  std::string kinds_;
};

class CompareSubcommand : public Subcommand {
 public:
  CLI::App* Declare(CLI::App* root) override {
    CLI::App* command = root->add_subcommand(
        "compare", "Which of the eight namespaces two targets share. Needs root.");
    command->footer(
        "Examples:\n"
        "  nsobserver compare web db\n"
        "      Do they see the same network? The same processes?\n"
        "  nsobserver compare pid:4711 host -o json\n"
        "      What a process has of its own.\n");
    command->add_option("A", a_, kTargetHelp)->required();
    command->add_option("B", b_, "The other.")->required();
    common_.DeclareListing(command);
    common_.DeclareConfig(command, {"storage.path", "runtimes."});
    return command;
  }

  absl::StatusOr<Command> Finish() const override {
    NSOBS_ASSIGN_OR_RETURN(Config config, common_.LoadedConfig());
    NSOBS_ASSIGN_OR_RETURN(const OutputFormat format, common_.Format());
    return CompareOptions{std::move(config), format, a_, b_};
  }

 private:
  std::string a_;
  std::string b_;
};

}  // namespace

std::unique_ptr<Subcommand> MakeDoctorSubcommand() { return std::make_unique<DoctorSubcommand>(); }
std::unique_ptr<Subcommand> MakeContainersSubcommand() {
  return std::make_unique<ContainersSubcommand>();
}
std::unique_ptr<Subcommand> MakeNamespacesSubcommand() {
  return std::make_unique<NamespacesSubcommand>();
}
std::unique_ptr<Subcommand> MakeCompareSubcommand() {
  return std::make_unique<CompareSubcommand>();
}

}  // namespace nsobs
