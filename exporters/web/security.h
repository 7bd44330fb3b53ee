// Who may speak with the port, and how: the file of --web.config.file as it is now.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "exporters/web/password.h"
#include "exporters/web/web_config.h"

namespace nsobs {

// A context for `tls`: certificate, key and what clients must show. Errors name the file.
struct SslContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextDeleter>;
absl::StatusOr<SslContext> MakeSslContext(const WebConfig::Tls& tls);

// Thread-safe. The file and those that it names are looked at again at most once a second, when
// somebody connects, so that new certificates and users take effect without a restart; a file that
// has become wrong is told in the log and the old state stays.
class WebSecurity {
 public:
  // `path` "" is plain HTTP for everybody.
  static absl::StatusOr<std::unique_ptr<WebSecurity>> Load(const std::string& path);

  // The same, but never looked at again: for a process that will see no file.
  static absl::StatusOr<std::unique_ptr<WebSecurity>> LoadForGood(const std::string& path);

  // As of now; the context lives as long as the state.
  struct State {
    WebConfig config;
    SslContext context;  // nullptr: plain
    std::string stamp;   // of the files that it was made of
  };
  std::shared_ptr<const State> Current();

  // Of a request; kYes where there are no users.
  Verdict Judge(std::string_view authorization);

 private:
  explicit WebSecurity(const std::string& path) : path_(path) {}
  absl::StatusOr<std::shared_ptr<const State>> Make() const;

  const std::string path_;
  PasswordJudge judge_;
  std::mutex mutex_;  // of std, as in WorkerPool; guards the rest
  std::shared_ptr<const State> state_;
  std::string refused_stamp_;                 // of files that were told to be wrong
  absl::Time looked_ = absl::InfinitePast();  // infinite future: for good
};

}  // namespace nsobs
