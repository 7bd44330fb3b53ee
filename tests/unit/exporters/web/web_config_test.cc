#include "exporters/web/web_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

namespace nsobs {
namespace {

constexpr char kHash[] = "$2y$10$qHGPWvNBAbcWYPNqLWoO5.oZ/8cVrUvHJlUmQwbKTgBCMvKYVxZ2i";

absl::StatusOr<WebConfig> Parse(const std::string& text) {
  return ParseWebConfig(text, "web.yml", "/etc/web");
}

std::string ErrorOf(const std::string& text) {
  const auto config = Parse(text);
  EXPECT_FALSE(config.ok()) << text;
  return std::string(config.status().message());
}

TEST(WebConfig, NothingIsPlainHttp) {
  for (const char* text : {"", "# nothing\n", "{}", "basic_auth_users:\n"}) {
    const auto config = Parse(text);
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_TRUE(config->plain());
  }
}

TEST(WebConfig, EverythingThatThereIs) {
  const auto config = Parse(std::string("tls_server_config:\n"
                                        "  cert_file: server.pem\n"
                                        "  key_file: /keys/server.key\n"
                                        "  client_auth_type: RequireAndVerifyClientCert\n"
                                        "  client_ca_file: ca.pem\n"
                                        "  min_version: TLS13\n"
                                        "basic_auth_users:\n  prometheus: ") +
                            kHash + "\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(config->tls.on);
  EXPECT_EQ(config->tls.cert_file, "/etc/web/server.pem");
  EXPECT_EQ(config->tls.key_file, "/keys/server.key");
  EXPECT_EQ(config->tls.client_ca_file, "/etc/web/ca.pem");
  EXPECT_EQ(config->tls.client_auth, ClientAuth::kRequireVerify);
  EXPECT_EQ(config->tls.min_version, TLS1_3_VERSION);
  EXPECT_EQ(config->users.at("prometheus"), kHash);
}

TEST(WebConfig, MistakesNameTheLine) {
  EXPECT_EQ(ErrorOf("tls_server_config:\n  cert_file: a\n  key: b\n"),
            "web.yml:3: tls_server_config.key: unknown key (allowed: cert_file, key_file, "
            "client_auth_type, client_ca_file, min_version, max_version)");
  EXPECT_EQ(ErrorOf("\nhttp_server_config: {}\n"),
            "web.yml:2: http_server_config: unknown key (allowed: tls_server_config, "
            "basic_auth_users)");
  EXPECT_EQ(ErrorOf("tls_server_config:\n  cert_file: a\n"),
            "web.yml:1: tls_server_config: needs cert_file and key_file");
  EXPECT_THAT(
      ErrorOf("tls_server_config:\n  cert_file: a\n  key_file: b\n  client_auth_type: Yes\n"),
      ::testing::HasSubstr("web.yml:4: client_auth_type: \"Yes\" is not one of NoClientCert"));
  EXPECT_THAT(ErrorOf("tls_server_config: {cert_file: a, key_file: b, client_ca_file: c}\n"),
              ::testing::HasSubstr("client_ca_file needs client_auth_type"));
  EXPECT_THAT(ErrorOf("tls_server_config: {cert_file: a, key_file: b, client_auth_type: "
                      "VerifyClientCertIfGiven}\n"),
              ::testing::HasSubstr("needs client_ca_file"));
  EXPECT_THAT(ErrorOf("basic_auth_users:\n  a: $2y$10$short\n"),
              ::testing::StartsWith("web.yml:2: basic_auth_users.a: needs a bcrypt hash"));
  EXPECT_EQ(ErrorOf("basic_auth_users:\n  a: secret-password\n").find("secret-password"),
            std::string::npos)
      << "what may be a password is in no message";
  EXPECT_THAT(ErrorOf("tls_server_config: [\n"), ::testing::HasSubstr("not YAML"));
  EXPECT_EQ(ErrorOf("basic_auth_users:\n  a: " + std::string(kHash) + "\n  a: " + kHash + "\n"),
            "web.yml:3: basic_auth_users.a: given twice");
}

}  // namespace
}  // namespace nsobs
