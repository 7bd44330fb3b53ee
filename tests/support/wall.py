"""RFC 3339 with nanoseconds, as the JSON has it."""

import calendar
import re
import time

TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")


def nanoseconds(text: str) -> int:
    match = TIME.fullmatch(text)
    assert match, f"not RFC 3339 in UTC: {text!r}"
    seconds = calendar.timegm(time.strptime(match[1], "%Y-%m-%dT%H:%M:%S"))
    return seconds * 10**9 + int((match[2] or "0").ljust(9, "0"))
