"""A name server on UDP port 53 that behaves as it is told; run in whatever net namespace.

    name_server.py ADDRESS ok|nxdomain|slow|servfail|refused|silent

`slow` answers well after 2 s. A records are 127.0.0.1; of other types there are none.
"""

import socket
import struct
import sys
import threading
import time

RCODES = {"ok": 0, "slow": 0, "servfail": 2, "nxdomain": 3, "refused": 5}
SLOW_S = 2.0


def question_end(query: bytes) -> int:
    at = 12
    while query[at]:
        at += query[at] + 1
    return at + 5


def answer(query: bytes, mode: str) -> bytes:
    end = question_end(query)
    rcode = RCODES[mode]
    kind = struct.unpack("!H", query[end - 4:end - 2])[0]
    has_record = rcode == 0 and kind == 1
    head = query[:2] + struct.pack("!HHHHH", 0x8180 | rcode, 1, int(has_record), 0, 0)
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + bytes([127, 0, 0, 1])
    return head + query[12:end] + (record if has_record else b"")


def main() -> None:
    address, mode = sys.argv[1:3]
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))
    while True:
        query, peer = server.recvfrom(512)
        if mode == "silent" or len(query) < 17:
            continue

        def reply(query=query, peer=peer):
            if mode == "slow":
                time.sleep(SLOW_S)
            server.sendto(answer(query, mode), peer)

        threading.Thread(target=reply, daemon=True).start()


if __name__ == "__main__":
    main()
