// One sanitizer for each way out (THREAT: container-chosen strings reach terminals, labels, JSON).
#pragma once

#include <string>
#include <string_view>

namespace nsobs {

// Valid UTF-8: each longest run of bytes that begins a character but doesn't complete it, and each
// byte that can't begin one, becomes U+FFFD. A character that was cut off at the end (comm is cut
// at 15 bytes) is dropped, not replaced.
std::string ToUtf8(std::string_view bytes);

// ToUtf8, with control characters (C0, DEL, C1) written as \xNN, bidirectional controls and
// invisible characters as \u{NNNN}, so that nothing moves the cursor, recolours, hides or reorders
// a terminal's text.
std::string ForTerminal(std::string_view bytes);

// ToUtf8 without control and invisible characters, at most `max_bytes`, cut at a character: for
// metric labels.
std::string ForLabel(std::string_view bytes, size_t max_bytes = 128);

}  // namespace nsobs
