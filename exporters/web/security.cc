#include "exporters/web/security.h"

#include <openssl/err.h>
#include <sys/stat.h>
#include <time.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "userspace/base/log.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr absl::Duration kLookEvery = absl::Seconds(1);
constexpr unsigned char kSessionContext[] = "nsobserver";

absl::Time Now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return absl::TimeFromTimespec(t);
}

// The reason that OpenSSL gives, and its queue is empty again.
absl::Status SslError(const std::string& what) {
  char text[256] = "unknown";
  if (const unsigned long code = ERR_peek_last_error(); code != 0) {
    ERR_error_string_n(code, text, sizeof(text));
  }
  ERR_clear_error();
  return absl::InvalidArgumentError(
      absl::StrCat("--web.config.file: ", ForTerminal(what), ": ", text));
}

int VerifyMode(ClientAuth auth) {
  switch (auth) {
    case ClientAuth::kNone:
      return SSL_VERIFY_NONE;
    case ClientAuth::kRequest:
    case ClientAuth::kVerifyIfGiven:
      return SSL_VERIFY_PEER;
    case ClientAuth::kRequireAny:
    case ClientAuth::kRequireVerify:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

int AnyCertificate(X509_STORE_CTX*, void*) { return 1; }

void Stamp(const std::string& path, std::string* out) {
  struct stat st{};
  if (path.empty() || stat(path.c_str(), &st) != 0) return;
  absl::StrAppend(out, path, " ", st.st_dev, " ", st.st_ino, " ", st.st_size, " ",
                  st.st_mtim.tv_sec, ".", st.st_mtim.tv_nsec, "\n");
}

std::string StampOf(const std::string& path, const WebConfig& config) {
  std::string out;
  for (const std::string& file :
       {path, config.tls.cert_file, config.tls.key_file, config.tls.client_ca_file}) {
    Stamp(file, &out);
  }
  return out;
}

}  // namespace

absl::StatusOr<SslContext> MakeSslContext(const WebConfig::Tls& tls) {
  ERR_clear_error();
  SslContext made(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const context = made.get();
  if (context == nullptr) return SslError("TLS");
  SSL_CTX_set_min_proto_version(context, tls.min_version == 0 ? TLS1_2_VERSION : tls.min_version);
  SSL_CTX_set_max_proto_version(context, tls.max_version);
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof(kSessionContext) - 1);
  if (SSL_CTX_use_certificate_chain_file(context, tls.cert_file.c_str()) != 1) {
    return SslError(tls.cert_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context, tls.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return SslError(tls.key_file);
  }
  if (SSL_CTX_check_private_key(context) != 1) return SslError(tls.key_file);
  const bool verifies = !tls.client_ca_file.empty();
  SSL_CTX_set_verify(context, VerifyMode(tls.client_auth), nullptr);
  if (!verifies) {
    SSL_CTX_set_cert_verify_callback(context, AnyCertificate, nullptr);
    return made;
  }
  const char* ca = tls.client_ca_file.c_str();
  if (SSL_CTX_load_verify_file(context, ca) != 1) return SslError(tls.client_ca_file);
  SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(ca));
  return made;
}

absl::StatusOr<std::shared_ptr<const WebSecurity::State>> WebSecurity::Make() const {
  auto state = std::make_shared<State>();
  if (path_.empty()) return state;
  NSOBS_ASSIGN_OR_RETURN(state->config, LoadWebConfig(path_));
  state->stamp = StampOf(path_, state->config);
  if (state->config.tls.on) {
    NSOBS_ASSIGN_OR_RETURN(state->context, MakeSslContext(state->config.tls));
  }
  return state;
}

absl::StatusOr<std::unique_ptr<WebSecurity>> WebSecurity::Load(const std::string& path) {
  std::unique_ptr<WebSecurity> security(new WebSecurity(path));
  NSOBS_ASSIGN_OR_RETURN(security->state_, security->Make());
  security->looked_ = Now();
  return security;
}

absl::StatusOr<std::unique_ptr<WebSecurity>> WebSecurity::LoadForGood(const std::string& path) {
  NSOBS_ASSIGN_OR_RETURN(std::unique_ptr<WebSecurity> security, Load(path));
  security->looked_ = absl::InfiniteFuture();
  return security;
}

std::shared_ptr<const WebSecurity::State> WebSecurity::Current() {
  std::lock_guard<std::mutex> lock(mutex_);
  const absl::Time now = Now();
  if (path_.empty() || now - looked_ < kLookEvery) return state_;
  looked_ = now;
  const std::string stamp = StampOf(path_, state_->config);
  if (stamp == state_->stamp || stamp == refused_stamp_) return state_;
  absl::StatusOr<std::shared_ptr<const State>> made = Make();
  if (made.ok()) {
    state_ = *std::move(made);
    refused_stamp_.clear();
    spdlog::info("web: {} was read anew", ForTerminal(path_));
  } else {
    refused_stamp_ = stamp;
    spdlog::error("web: {} (the old one stays in force)", std::string(made.status().message()));
  }
  return state_;
}

Verdict WebSecurity::Judge(std::string_view authorization) {
  const std::shared_ptr<const State> state = Current();
  if (state->config.users.empty()) return Verdict::kYes;
  return judge_.Judge(authorization, state->config.users);
}

}  // namespace nsobs
