// The file of --web.config.file: TLS and users, in the format of Prometheus' exporters
// (https://prometheus.io/docs/prometheus/latest/configuration/https/).
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"

namespace nsobs {

enum class ClientAuth {
  kNone,           // NoClientCert: nobody is asked
  kRequest,        // RequestClientCert: asked, and not looked at
  kRequireAny,     // RequireAnyClientCert: needed, and not looked at
  kVerifyIfGiven,  // VerifyClientCertIfGiven
  kRequireVerify,  // RequireAndVerifyClientCert
};

struct WebConfig {
  struct Tls {
    bool on = false;
    std::string cert_file;  // PEM, with the chain; paths are absolute or relative to the folder of
    std::string key_file;   // the process, those in the file to the file's own folder
    ClientAuth client_auth = ClientAuth::kNone;
    std::string client_ca_file;
    int min_version = 0;  // TLS1_2_VERSION and so on; 0: TLS 1.2
    int max_version = 0;  // 0: the newest
  } tls;
  std::map<std::string, std::string> users;  // name -> bcrypt hash; empty: everybody

  bool plain() const { return !tls.on && users.empty(); }
};

// Pure. INVALID_ARGUMENT with "name:line: what is wrong"; `folder` is what relative paths are
// below.
absl::StatusOr<WebConfig> ParseWebConfig(const std::string& text, const std::string& name,
                                         const std::string& folder);

// Reads the file. Errors as above, and those of a file that can't be read.
absl::StatusOr<WebConfig> LoadWebConfig(const std::string& path);

}  // namespace nsobs
