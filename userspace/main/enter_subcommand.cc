#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"
#include "userspace/main/subcommand.h"

namespace nsobs {
namespace {

class EnterSubcommand : public Subcommand {
 public:
  CLI::App* Declare(CLI::App* root) override {
    CLI::App* command = root->add_subcommand(
        "enter",
        "Runs a command of the host in a target's namespaces, in as few of them as are asked for. "
        "Works for images without a shell. Each use is an event of the timeline.");
    command->footer(
        "Examples:\n"
        "  nsobserver enter web -- ss -tlnp\n"
        "      What listens in web's network, with the host's ss.\n"
        "  nsobserver enter web --dns -- curl -s http://db:5432\n"
        "      The host's curl, that resolves names like web.\n"
        "  nsobserver enter web --mnt -- cat /etc/passwd\n"
        "      With --mnt the command too is looked up in web's files.\n"
        "\n"
        "Exits with the command's own code. 126 and 127: it can't be run; 3: not permitted.\n"
        "A rootless container's own user can enter it without root.\n");
    command->add_option("TARGET", target_, kTargetHelp)->required();
    command->add_option("COMMAND", command_, "What to run, behind --.")->required();
    const auto add = [&](const char* flag, bool& value, const char* help) {
      command->add_flag(flag, value, help);
    };
    add("--net", net_, "The network namespace. The default, if no other is named.");
    add("--mnt", mnt_, "The mount namespace: its files, and no more the host's.");
    add("--pid", pid_, "The pid namespace.");
    add("--uts", uts_, "The uts namespace: its hostname.");
    add("--ipc", ipc_, "The ipc namespace.");
    add("--user", user_, "The user namespace, as its root.");
    add("--dns", dns_,
        "Resolve names like the target: its resolv.conf and hosts stand over the host's, for this "
        "command only.");
    common_.DeclareConfig(command, {"storage.path", "runtimes."});
    return command;
  }

  absl::StatusOr<Command> Finish() const override {
    EnterOptions options;
    NSOBS_ASSIGN_OR_RETURN(options.config, common_.LoadedConfig());
    options.target = target_;
    options.command = command_;
    options.dns = dns_;
    const std::pair<bool, NamespaceKind> flags[] = {
        {net_, NamespaceKind::kNet}, {mnt_, NamespaceKind::kMnt}, {pid_, NamespaceKind::kPid},
        {uts_, NamespaceKind::kUts}, {ipc_, NamespaceKind::kIpc}, {user_, NamespaceKind::kUser}};
    for (const auto& [given, kind] : flags) {
      if (given) options.kinds.push_back(kind);
    }
    if (options.kinds.empty()) options.kinds = {NamespaceKind::kNet};
    if (mnt_ && dns_) {
      return absl::InvalidArgumentError(
          "--dns is for the host's files: with --mnt the command sees the target's anyway");
    }
    return options;
  }

 private:
  std::string target_;
  std::vector<std::string> command_;
  bool net_ = false, mnt_ = false, pid_ = false, uts_ = false, ipc_ = false, user_ = false;
  bool dns_ = false;
};

}  // namespace

std::unique_ptr<Subcommand> MakeEnterSubcommand() { return std::make_unique<EnterSubcommand>(); }

}  // namespace nsobs
