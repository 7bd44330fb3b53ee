// Bounded netlink dumps by libmnl, in the net namespace that the calling thread is in.
#pragma once

#include <libmnl/libmnl.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"

namespace nsobs {

// A request under construction; the header comes first, then what the caller appends.
class NetlinkRequest {
 public:
  NetlinkRequest(uint16_t type, uint16_t flags);
  // The fixed part that follows the header: zeroed, for the caller to fill.
  template <typename T>
  T* Body() {
    return static_cast<T*>(mnl_nlmsg_put_extra_header(header_, sizeof(T)));
  }
  nlmsghdr* header() { return header_; }

 private:
  alignas(nlmsghdr) std::array<char, 1024> buffer_{};
  nlmsghdr* header_;
};

struct NetlinkLimits {
  absl::Time deadline;
  size_t max_messages = 200'000;
};

// Sends `request` and hands each answer to `on_message`, until the end, its first false or a limit
// (OK in the first two cases; RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED for limits). An error of the
// kernel comes as ErrnoStatus, and as a positive errno in *error if that isn't null.
absl::Status NetlinkTalk(int protocol, NetlinkRequest* request, const NetlinkLimits& limits,
                         absl::FunctionRef<bool(const nlmsghdr*)> on_message, int* error = nullptr);

// The attributes of a message (or of a nested attribute) by type; nullptr where there is none.
template <int kMax>
class Attributes {
 public:
  Attributes(const nlmsghdr* message, size_t body_size) {
    mnl_attr_parse(message, static_cast<unsigned>(body_size), &Attributes::Keep, this);
  }
  explicit Attributes(const nlattr* nest) { mnl_attr_parse_nested(nest, &Attributes::Keep, this); }
  Attributes(const void* payload, size_t size) {
    mnl_attr_parse_payload(payload, size, &Attributes::Keep, this);
  }

  const nlattr* operator[](int type) const { return found_[static_cast<size_t>(type)]; }
  bool Has(int type) const { return (*this)[type] != nullptr; }
  // `fallback` if it isn't there or too short.
  template <typename T>
  T Get(int type, T fallback = T{}) const {
    const nlattr* attribute = (*this)[type];
    if (attribute == nullptr || mnl_attr_get_payload_len(attribute) < sizeof(T)) return fallback;
    T value;
    std::memcpy(&value, mnl_attr_get_payload(attribute), sizeof value);
    return value;
  }
  // Bytes up to the first NUL.
  std::string Text(int type) const {
    const nlattr* attribute = (*this)[type];
    if (attribute == nullptr) return "";
    const char* text = static_cast<const char*>(mnl_attr_get_payload(attribute));
    return std::string(text, strnlen(text, mnl_attr_get_payload_len(attribute)));
  }

 private:
  static int Keep(const nlattr* attribute, void* self) {
    const int type = mnl_attr_get_type(attribute);
    if (type <= kMax) static_cast<Attributes*>(self)->found_[static_cast<size_t>(type)] = attribute;
    return MNL_CB_OK;
  }

  std::array<const nlattr*, kMax + 1> found_{};
};

// "10.0.0.1" or "fe80::1"; "" if the size fits neither family.
std::string AddressText(int family, const void* bytes, size_t size);
std::string AddressText(int family, const nlattr* attribute);

}  // namespace nsobs
