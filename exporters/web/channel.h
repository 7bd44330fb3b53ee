// The bytes of one connection: as they are, or through TLS. Used by the loop's thread only.
#pragma once

#include <openssl/ssl.h>
#include <sys/types.h>

#include <cstddef>
#include <memory>

#include "userspace/base/fd.h"

namespace nsobs {

class Channel {
 public:
  // `fd` is non-blocking. With `context` the server's side of TLS is spoken; the handshake happens
  // within the first calls of Receive().
  explicit Channel(UniqueFd fd, SSL_CTX* context = nullptr);

  int fd() const { return fd_.get(); }

  // More than 0: bytes; 0: the end, or an error; -1: not now.
  ssize_t Receive(char* to, size_t size);
  ssize_t Send(const char* from, size_t size);

  // After -1 of Receive(): the socket has to be writable first (a handshake under way).
  bool wants_write() const { return wants_write_; }
  // Bytes that came already and that poll() doesn't know of.
  bool has_pending() const;

  // Says that nothing more will be sent.
  void EndSending();

 private:
  struct SslDeleter {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  ssize_t Judge(int result);

  UniqueFd fd_;
  std::unique_ptr<SSL, SslDeleter> ssl_;  // nullptr: plain
  bool broken_ = false;                   // wanted for an SSL, or it failed
  bool wants_write_ = false;
};

}  // namespace nsobs
