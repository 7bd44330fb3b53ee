#include "exporters/web/web_config.h"

#include <openssl/ssl.h>
#include <yaml-cpp/yaml.h>

#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "exporters/web/password.h"
#include "userspace/base/file.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/base/yaml_document.h"

namespace nsobs {
namespace {

constexpr size_t kMaxFileBytes = 1 << 20;
constexpr size_t kMaxUsers = 1000;
constexpr size_t kMaxNameBytes = 256;

template <typename T>
using Words = std::pair<std::string_view, T>;

constexpr Words<ClientAuth> kClientAuths[] = {
    {"NoClientCert", ClientAuth::kNone},
    {"RequestClientCert", ClientAuth::kRequest},
    {"RequireClientCert", ClientAuth::kRequireAny},
    {"RequireAnyClientCert", ClientAuth::kRequireAny},
    {"VerifyClientCertIfGiven", ClientAuth::kVerifyIfGiven},
    {"RequireAndVerifyClientCert", ClientAuth::kRequireVerify},
};
constexpr Words<int> kVersions[] = {{"TLS12", TLS1_2_VERSION}, {"TLS13", TLS1_3_VERSION}};

class Parser {
 public:
  Parser(const std::string& name, const std::string& folder) : name_(name), folder_(folder) {}

  absl::StatusOr<WebConfig> Parse(const std::string& text) {
    const YamlDocument document = LoadYamlDocument(text);
    if (document.more) return ErrorAt(document.more->line, "only one document is allowed");
    if (document.root.IsNull()) return config_;
    NSOBS_RETURN_IF_ERROR(
        ForEach(document.root, "", {"tls_server_config", "basic_auth_users"},
                [this](const std::string& key, const YAML::Node& at, const YAML::Node& value) {
                  return key == "basic_auth_users" ? Users(value) : Tls(at, value);
                }));
    return config_;
  }

  absl::Status Error(const YAML::Node& at, std::string_view what) const {
    return ErrorAt(at.Mark().line, what);
  }
  absl::Status ErrorAt(int line, std::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat(name_, ":", line + 1, ": ", std::string(what)));
  }

 private:
  // Calls `take(key, key's node, value)` for each entry; `allowed` empty allows any key.
  template <typename Take>
  absl::Status ForEach(const YAML::Node& map, const std::string& where,
                       const std::vector<std::string>& allowed, Take take) {
    const std::string prefix = where.empty() ? "" : where + ".";
    if (map.IsNull()) return absl::OkStatus();
    if (!map.IsMap()) return Error(map, absl::StrCat(where, ": must be a mapping"));
    std::set<std::string> seen;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) return Error(entry.first, "a key must be a word");
      const std::string key = entry.first.Scalar();
      const std::string shown = absl::StrCat(prefix, ForTerminal(key));
      if (!seen.insert(key).second) return Error(entry.first, shown + ": given twice");
      bool known = allowed.empty();
      for (const std::string& word : allowed) known = known || word == key;
      if (!known) {
        return Error(
            entry.first,
            absl::StrCat(shown, ": unknown key (allowed: ", absl::StrJoin(allowed, ", "), ")"));
      }
      NSOBS_RETURN_IF_ERROR(take(key, entry.first, entry.second));
    }
    return absl::OkStatus();
  }

  absl::Status Text(const std::string& key, const YAML::Node& at, const YAML::Node& value,
                    std::string* out) const {
    if (!value.IsScalar() || value.Scalar().empty()) {
      return Error(at, absl::StrCat(key, ": needs a word"));
    }
    *out = value.Scalar();
    return absl::OkStatus();
  }

  absl::Status Path(const std::string& key, const YAML::Node& at, const YAML::Node& value,
                    std::string* out) const {
    NSOBS_RETURN_IF_ERROR(Text(key, at, value, out));
    if (out->front() != '/') *out = absl::StrCat(folder_, "/", *out);
    return absl::OkStatus();
  }

  template <typename T, size_t N>
  absl::Status Choice(const std::string& key, const YAML::Node& at, const YAML::Node& value,
                      const Words<T> (&words)[N], T* out) const {
    std::string text;
    NSOBS_RETURN_IF_ERROR(Text(key, at, value, &text));
    std::vector<std::string> names;
    for (const auto& [word, meaning] : words) {
      names.emplace_back(word);
      if (word != text) continue;
      *out = meaning;
      return absl::OkStatus();
    }
    return Error(value, absl::StrCat(key, ": \"", ForTerminal(text), "\" is not one of ",
                                     absl::StrJoin(names, ", ")));
  }

  absl::Status Tls(const YAML::Node& at, const YAML::Node& map) {
    WebConfig::Tls& tls = config_.tls;
    NSOBS_RETURN_IF_ERROR(
        ForEach(map, "tls_server_config",
                {"cert_file", "key_file", "client_auth_type", "client_ca_file", "min_version",
                 "max_version"},
                [&](const std::string& key, const YAML::Node& key_at, const YAML::Node& value) {
                  if (key == "cert_file") return Path(key, key_at, value, &tls.cert_file);
                  if (key == "key_file") return Path(key, key_at, value, &tls.key_file);
                  if (key == "client_ca_file") return Path(key, key_at, value, &tls.client_ca_file);
                  if (key == "client_auth_type") {
                    return Choice(key, key_at, value, kClientAuths, &tls.client_auth);
                  }
                  return Choice(key, key_at, value, kVersions,
                                key == "min_version" ? &tls.min_version : &tls.max_version);
                }));
    tls.on = true;
    if (tls.cert_file.empty() || tls.key_file.empty()) {
      return Error(at, "tls_server_config: needs cert_file and key_file");
    }
    const bool verifies = tls.client_auth == ClientAuth::kVerifyIfGiven ||
                          tls.client_auth == ClientAuth::kRequireVerify;
    if (verifies && tls.client_ca_file.empty()) {
      return Error(at, "tls_server_config: this client_auth_type needs client_ca_file");
    }
    if (!verifies && !tls.client_ca_file.empty()) {
      return Error(at,
                   "tls_server_config: client_ca_file needs client_auth_type "
                   "VerifyClientCertIfGiven or RequireAndVerifyClientCert");
    }
    if (tls.max_version != 0 && tls.min_version > tls.max_version) {
      return Error(at, "tls_server_config: min_version is above max_version");
    }
    return absl::OkStatus();
  }

  absl::Status Users(const YAML::Node& map) {
    return ForEach(
        map, "basic_auth_users", {},
        [&](const std::string& user, const YAML::Node& at, const YAML::Node& value) {
          const std::string where = absl::StrCat("basic_auth_users.", ForTerminal(user));
          if (user.empty() || user.size() > kMaxNameBytes || user.find(':') != std::string::npos) {
            return Error(at, absl::StrCat(where, ": is no name that can be sent"));
          }
          if (config_.users.size() >= kMaxUsers) return Error(at, "too many users");
          // The hash itself is in no message.
          if (!value.IsScalar() || !IsBcrypt(value.Scalar())) {
            return Error(at, absl::StrCat(where, ": needs a bcrypt hash as in $2y$10$..., cost ",
                                          kMinBcryptCost, " to ", kMaxBcryptCost,
                                          " (htpasswd -nBC 10 USER makes one)"));
          }
          config_.users[user] = value.Scalar();
          return absl::OkStatus();
        });
  }

  const std::string& name_;
  const std::string& folder_;
  WebConfig config_;
};

}  // namespace

absl::StatusOr<WebConfig> ParseWebConfig(const std::string& text, const std::string& name,
                                         const std::string& folder) {
  Parser parser(name, folder);
  try {
    return parser.Parse(text);
  } catch (const YAML::Exception& e) {
    return parser.ErrorAt(e.mark.line, absl::StrCat("not YAML: ", ForTerminal(e.msg)));
  } catch (const std::exception& e) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": not YAML: ", ForTerminal(e.what())));
  }
}

absl::StatusOr<WebConfig> LoadWebConfig(const std::string& path) {
  absl::StatusOr<std::string> text = ReadSmallFile(path, kMaxFileBytes);
  if (!text.ok()) {
    return absl::Status(text.status().code(),
                        absl::StrCat("--web.config.file can't be read: ", text.status().message()));
  }
  const size_t slash = path.rfind('/');
  return ParseWebConfig(*text, ForTerminal(path),
                        slash == std::string::npos ? "." : path.substr(0, slash));
}

}  // namespace nsobs
