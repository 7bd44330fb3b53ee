// Passwords against bcrypt hashes, by libcrypt.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace nsobs {

// Each step doubles the time: 10 takes some 50 ms, 15 about two seconds.
inline constexpr int kMinBcryptCost = 4, kMaxBcryptCost = 15;

// "$2a$", "$2b$" or "$2y$", the cost, and 53 characters.
bool IsBcrypt(std::string_view hash);

// True if `password` is that of `hash`. Slow, on purpose.
bool MatchesBcrypt(const std::string& password, const std::string& hash);

enum class Verdict { kYes, kNo, kBusy };

// Thread-safe. Remembers who was right, by a keyed digest, so that a scrape costs no bcrypt; a
// hash that was changed is another one. Who is wrong pays each time.
class PasswordJudge {
 public:
  // At most this many threads work on hashes: the others answer those who are known.
  static constexpr int kMaxAtWork = 2;
  static constexpr size_t kMaxRemembered = 256;

  PasswordJudge();

  // `authorization` is the value of that header. kBusy: too many are being judged; ask again.
  Verdict Judge(std::string_view authorization, const std::map<std::string, std::string>& users);

 private:
  using Digest = std::array<unsigned char, 32>;
  Digest DigestOf(const std::string& user, const std::string& password, const std::string& hash);

  std::array<unsigned char, 32> key_ = {};  // of this process
  std::atomic<int> at_work_ = 0;
  std::mutex mutex_;  // of std, as in WorkerPool; guards the next
  std::set<Digest> right_;
};

}  // namespace nsobs
