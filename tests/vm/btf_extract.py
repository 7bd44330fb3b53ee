"""The BTF of a kernel out of its image, without booting it: boot/vmlinuz of x86_64 and arm64, by any compression that Debian has used.

Source: Documentation/arch/x86/boot.rst (payload_offset), drivers/firmware/efi/libstub/zboot-header.S, include/uapi/linux/btf.h.
"""

import lzma
import struct
import subprocess
import zlib

BTF_MAGIC = bytes((0x9F, 0xEB, 1, 0)) + struct.pack("<I", 24)  # little endian, version 1, no flags, length of the header
LIMIT = 512 << 20  # of what is unpacked
NAMES_OF_VMLINUX = (b"\0task_struct\0", b"\0btf_trace_sched_process_exec\0")  # a module's BTF has neither


class ExtractError(Exception):
    """The image has no BTF, or it is packed in a way that we don't know."""


def by_program(program: str, data: bytes) -> bytes:
    result = subprocess.run([program, "-dc"], input=data, capture_output=True, timeout=120)
    if not result.stdout:
        raise ExtractError(f"{program}: {result.stderr.decode(errors='replace').strip()}")
    return result.stdout  # zstd and lz4 complain of what follows the stream, after all of it


def unpack(data: bytes) -> bytes:
    if data.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMADecompressor().decompress(data, LIMIT)
    if data.startswith(b"\x5d\0\0"):
        return lzma.LZMADecompressor(lzma.FORMAT_ALONE).decompress(data, LIMIT)
    if data.startswith(b"\x1f\x8b"):
        return zlib.decompressobj(31).decompress(data, LIMIT)
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        return by_program("zstd", data)
    if data.startswith(b"\x02\x21\x4c\x18"):
        return by_program("lz4", data)
    return data  # an arm64 Image as it is


def payload_of(image: bytes) -> bytes:
    if image[0x202:0x206] == b"HdrS":  # bzImage
        setup = (image[0x1F1] or 4) + 1
        offset, length = struct.unpack_from("<II", image, 0x248)
        start = setup * 512 + offset
        return image[start:start + length - 4]  # the length unpacked stands at its end
    if image[:2] == b"MZ" and image[4:8] == b"zimg":
        offset, length = struct.unpack_from("<II", image, 8)
        return image[offset:offset + length]
    return image


def btf_of(image: bytes) -> bytes:
    kernel = unpack(payload_of(image))
    at = kernel.find(BTF_MAGIC)
    while at >= 0:
        found = btf_at(kernel, at)
        if found:
            return found
        at = kernel.find(BTF_MAGIC, at + 1)
    raise ExtractError(f"no BTF in {len(kernel)} bytes")


def btf_at(kernel: bytes, at: int) -> bytes:
    """Empty if it only looks like it."""
    types_at, types_length, strings_at, strings_length = struct.unpack_from("<IIII", kernel, at + 8)
    end = at + 24 + strings_at + strings_length
    if types_at != 0 or strings_at < types_length or end > len(kernel) or strings_length < 2:
        return b""
    strings = kernel[end - strings_length:end]
    if strings[0] != 0 or strings[-1] != 0 or not all(name in strings for name in NAMES_OF_VMLINUX):
        return b""
    return kernel[at:end]
