// What a test has on the heap, to bound what one more container costs.
#pragma once

#include <malloc.h>

#include <cstddef>

namespace nsobs::testing {

// Bytes that malloc(3) has handed out and not got back, of all threads; by glibc's own books, so
// load of the machine changes nothing. Not under a sanitizer, which brings its own malloc.
inline size_t LiveBytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace nsobs::testing
