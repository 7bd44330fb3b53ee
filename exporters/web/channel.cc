#include "exporters/web/channel.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <climits>

namespace nsobs {
namespace {

int Size(size_t size) { return static_cast<int>(std::min<size_t>(size, INT_MAX)); }

bool NotNow() { return errno == EAGAIN || errno == EWOULDBLOCK; }

}  // namespace

Channel::Channel(UniqueFd fd, SSL_CTX* context) : fd_(std::move(fd)) {
  if (context == nullptr) return;
  ssl_.reset(SSL_new(context));
  broken_ = ssl_ == nullptr || SSL_set_fd(ssl_.get(), fd_.get()) != 1;
  if (!broken_) SSL_set_accept_state(ssl_.get());
}

// What SSL_read() or SSL_write() returned, as a Receive() or Send() returns it.
ssize_t Channel::Judge(int result) {
  wants_write_ = false;
  if (result > 0) return result;
  const int error = SSL_get_error(ssl_.get(), result);
  ERR_clear_error();  // the queue is the thread's, not the connection's
  if (error == SSL_ERROR_WANT_READ) return -1;
  if (error == SSL_ERROR_WANT_WRITE) {
    wants_write_ = true;
    return -1;
  }
  broken_ = error != SSL_ERROR_ZERO_RETURN;
  return 0;
}

ssize_t Channel::Receive(char* to, size_t size) {
  if (broken_) return 0;
  if (ssl_ != nullptr) return Judge(SSL_read(ssl_.get(), to, Size(size)));
  ssize_t n;
  do {
    n = recv(fd_.get(), to, size, MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  if (n >= 0) return n;
  return NotNow() ? -1 : 0;
}

ssize_t Channel::Send(const char* from, size_t size) {
  if (broken_) return 0;
  if (ssl_ != nullptr) return Judge(SSL_write(ssl_.get(), from, Size(size)));
  ssize_t n;
  do {
    n = send(fd_.get(), from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n >= 0) return n;
  return NotNow() ? -1 : 0;
}

bool Channel::has_pending() const { return ssl_ != nullptr && SSL_pending(ssl_.get()) > 0; }

void Channel::EndSending() {
  if (ssl_ != nullptr && !broken_ && SSL_is_init_finished(ssl_.get())) {
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  shutdown(fd_.get(), SHUT_WR);
}

}  // namespace nsobs
