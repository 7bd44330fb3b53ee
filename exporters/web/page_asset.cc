#include "exporters/web/page_asset.h"

// The linker's view of the two files; ".incbin" copies a file as it is, whatever its size.
#define NSOBS_EMBED(symbol, file)                                          \
  __asm__(".section .rodata." #symbol                                      \
          ",\"a\"\n"                                                       \
          ".global " #symbol "_begin\n" #symbol "_begin:\n.incbin \"" file \
          "\"\n"                                                           \
          ".global " #symbol "_end\n" #symbol "_end:\n.byte 0\n.previous\n")

NSOBS_EMBED(nsobs_page_html, NSOBS_PAGE_DIR "/index.html");
NSOBS_EMBED(nsobs_page_policy, NSOBS_PAGE_DIR "/policy.txt");

extern "C" {
extern const char nsobs_page_html_begin[];
extern const char nsobs_page_html_end[];
extern const char nsobs_page_policy_begin[];
extern const char nsobs_page_policy_end[];
}

namespace nsobs {

std::string_view PageHtml() {
  return {nsobs_page_html_begin, static_cast<size_t>(nsobs_page_html_end - nsobs_page_html_begin)};
}

std::string_view PagePolicy() {
  return {nsobs_page_policy_begin,
          static_cast<size_t>(nsobs_page_policy_end - nsobs_page_policy_begin)};
}

}  // namespace nsobs
