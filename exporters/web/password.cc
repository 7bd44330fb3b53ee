#include "exporters/web/password.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace nsobs {
namespace {

constexpr size_t kHashBytes = 60;
constexpr char kScheme[] = "basic ";
// A valid hash that no password is known of: who doesn't exist takes as long as who is wrong.
constexpr char kNobodysHash[] = "$2b$10$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK";

struct Credentials {
  std::string user, password;
};

std::optional<Credentials> Read(std::string_view authorization) {
  const absl::string_view text(authorization.data(), authorization.size());
  if (!absl::StartsWithIgnoreCase(text, kScheme)) return std::nullopt;
  std::string plain;
  const absl::string_view encoded = absl::StripAsciiWhitespace(text.substr(sizeof(kScheme) - 1));
  if (!absl::Base64Unescape(encoded, &plain)) return std::nullopt;
  const size_t colon = plain.find(':');
  // crypt(3) reads up to a NUL.
  if (colon == std::string::npos || plain.find('\0') != std::string::npos) return std::nullopt;
  return Credentials{plain.substr(0, colon), plain.substr(colon + 1)};
}

}  // namespace

bool IsBcrypt(std::string_view hash) {
  if (hash.size() != kHashBytes || hash.substr(0, 2) != "$2" || hash[3] != '$' || hash[6] != '$') {
    return false;
  }
  if (hash[2] != 'a' && hash[2] != 'b' && hash[2] != 'y') return false;
  if (!absl::ascii_isdigit(hash[4]) || !absl::ascii_isdigit(hash[5])) return false;
  const int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
  if (cost < kMinBcryptCost || cost > kMaxBcryptCost) return false;
  for (const char c : hash.substr(7)) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '/') return false;
  }
  return true;
}

bool MatchesBcrypt(const std::string& password, const std::string& hash) {
  auto data = std::make_unique<crypt_data>();
  const char* got = crypt_r(password.c_str(), hash.c_str(), data.get());
  const bool same = got != nullptr && std::string_view(got).size() == hash.size() &&
                    CRYPTO_memcmp(got, hash.data(), hash.size()) == 0;
  OPENSSL_cleanse(data.get(), sizeof(*data));
  return same;
}

PasswordJudge::PasswordJudge() { RAND_bytes(key_.data(), static_cast<int>(key_.size())); }

PasswordJudge::Digest PasswordJudge::DigestOf(const std::string& user, const std::string& password,
                                              const std::string& hash) {
  std::string of = user;
  of.push_back('\0');  // in none of the three
  of += hash;
  of.push_back('\0');
  of += password;
  Digest digest = {};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(of.data()), of.size(), digest.data(), &size);
  OPENSSL_cleanse(of.data(), of.size());
  return digest;
}

Verdict PasswordJudge::Judge(std::string_view authorization,
                             const std::map<std::string, std::string>& users) {
  const std::optional<Credentials> credentials = Read(authorization);
  if (!credentials) return Verdict::kNo;
  const auto user = users.find(credentials->user);
  const std::string& hash = user == users.end() ? std::string(kNobodysHash) : user->second;
  const Digest digest = DigestOf(credentials->user, credentials->password, hash);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (right_.count(digest) > 0) return Verdict::kYes;
  }
  if (at_work_.fetch_add(1) >= kMaxAtWork) {
    at_work_.fetch_sub(1);
    return Verdict::kBusy;
  }
  const bool right = MatchesBcrypt(credentials->password, hash) && user != users.end();
  at_work_.fetch_sub(1);
  if (!right) return Verdict::kNo;
  std::lock_guard<std::mutex> lock(mutex_);
  if (right_.size() >= kMaxRemembered) right_.clear();
  right_.insert(digest);
  return Verdict::kYes;
}

}  // namespace nsobs
