"""PNG files chunk by chunk: their text is read, taken out or put in without touching a pixel. Pure.

Layout and CRC rules: the PNG specification, third edition, sections 5.2-5.6 and 11.3.3 (text chunks).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from iterativectl.errors import ImageError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TEXT_TYPES = frozenset({b"tEXt", b"zTXt", b"iTXt"})
# Chunks that say nothing of the pixels: text, camera data (often a place), the time of the last change.
STRIPPED_TYPES = TEXT_TYPES | {b"eXIf", b"tIME"}
COLOUR_TYPES = frozenset({b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP"})
ANIMATION_TYPES = frozenset({b"acTL", b"fcTL", b"fdAT"})
MAX_TEXT_BYTES = 16 * 1024 * 1024  # one text after unpacking; ComfyUI's largest graphs stay below 1 MB
MAX_TEXT_TOTAL = 64 * 1024 * 1024  # all text chunks of a file together, as stored
_BLOCK = 1024 * 1024
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # colour type -> samples of a pixel (table 11.1)
# Left, top, step across, step down of each pass (section 8.1).
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_ADVICE = "Take a fresh copy of the file, or open it in an image editor and save it again as PNG."


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What IHDR says. colour_type: 0 grey, 2 RGB, 3 palette, 4 grey+alpha, 6 RGB+alpha."""

    width: int
    height: int
    bit_depth: int
    colour_type: int
    interlaced: bool


def is_png(data: bytes) -> bool:
    """Whether the bytes begin as a PNG file does."""
    return data.startswith(SIGNATURE)


def chunks(data: bytes, *, name: str = "picture") -> Iterator[tuple[bytes, memoryview]]:
    """Every chunk (type, content) up to and with IEND; what stands behind IEND is ignored.

    Raises ImageError where the file is no PNG, is cut off, ends without IEND or has a wrong checksum.
    """
    if not is_png(data):
        raise ImageError(f"{name} is not a PNG file", "Save the picture as PNG.")
    view, at = memoryview(data), len(SIGNATURE)
    while True:
        if at + 12 > len(data):
            raise ImageError(
                f"{name} is cut off: the PNG ends at byte {len(data)} without its IEND mark", _ADVICE
            )
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            where = kind.decode("latin-1")
            raise ImageError(
                f"{name} is cut off: the PNG ends at byte {len(data)} inside chunk {where!r}", _ADVICE
            )
        content = view[at + 8 : end - 4]
        if zlib.crc32(content, zlib.crc32(kind)) != struct.unpack_from(">I", data, end - 4)[0]:
            raise ImageError(f"{name} is damaged: a checksum of the PNG is wrong near byte {at}", _ADVICE)
        yield kind, content
        if kind == b"IEND":
            return
        at = end


def header(data: bytes, *, name: str = "picture") -> Header:
    """Size and pixel type. Raises ImageError where the first chunk is no sound IHDR."""
    kind, content = next(chunks(data, name=name))
    if kind != b"IHDR" or len(content) != 13:
        raise ImageError(f"{name} is damaged: the PNG does not begin with its header", _ADVICE)
    width, height, bit_depth, colour_type, _, _, interlace = struct.unpack(">IIBBBBB", content)
    return Header(
        width=width,
        height=height,
        bit_depth=bit_depth,
        colour_type=colour_type,
        interlaced=interlace == 1,
    )


def check_pixels(data: bytes, *, name: str = "picture") -> None:
    """Raise ImageError unless the packed rows are all there (Pillow passes missing rows as black).

    Reads as much as the header promises and one block more, never all that a bomb would unpack to.
    """
    promised = _promised_bytes(header(data, name=name))
    unpacker, found = zlib.decompressobj(), 0
    try:
        for kind, content in chunks(data, name=name):
            packed = bytes(content) if kind == b"IDAT" else b""
            while packed and found <= promised:
                found += len(unpacker.decompress(packed, _BLOCK))
                packed = unpacker.unconsumed_tail
    except zlib.error as error:
        raise ImageError(f"{name} is damaged: its pixels cannot be unpacked ({error})", _ADVICE) from error
    if found < promised:
        raise ImageError(f"{name} is damaged: {promised - found} bytes of its pixels are missing", _ADVICE)


def read_text(data: bytes, *, name: str = "picture") -> dict[str, str]:
    """The text chunks, keyword -> text (of a repeated keyword the last).

    ComfyUI's are `prompt` and `workflow`. A chunk that cannot be read is left out.
    Raises ImageError for a broken file or above MAX_TEXT_TOTAL.
    """
    texts: dict[str, str] = {}
    for kind, content in _checked(data, name):
        if kind in TEXT_TYPES:
            entry = _text(kind, bytes(content))
            if entry is not None:
                texts[entry[0]] = entry[1]
    return texts


def without_text(data: bytes, *, name: str = "picture", types: frozenset[bytes] = STRIPPED_TYPES) -> bytes:
    """The same file less the chunks of `types`: by default text, camera data and time.

    The pixels' own bytes stay as they are. Raises ImageError for a broken file or above MAX_TEXT_TOTAL.
    """
    return joined(entry for entry in _checked(data, name) if entry[0] not in types)


def joined(entries: Iterable[tuple[bytes, bytes | memoryview]]) -> bytes:
    """A file of these chunks (type, content), in this order, with fresh checksums."""
    return b"".join([SIGNATURE, *(_chunk(kind, content) for kind, content in entries)])


def colour_chunks(data: bytes, *, name: str = "picture") -> list[tuple[bytes, bytes]]:
    """The chunks that say what the numbers mean as colours (COLOUR_TYPES), as they are stored."""
    return [(kind, bytes(content)) for kind, content in chunks(data, name=name) if kind in COLOUR_TYPES]


def profile_chunk(profile: bytes) -> tuple[bytes, bytes]:
    """The chunk of an ICC profile (section 11.3.3.3)."""
    return b"iCCP", b"ICC profile\0\0" + zlib.compress(profile)


def with_chunks(data: bytes, entries: Iterable[tuple[bytes, bytes]], *, name: str = "picture") -> bytes:
    """The same file with these chunks (type, content) right after its header."""
    first, *others = chunks(data, name=name)
    return joined([first, *entries, *others])


def with_text(data: bytes, texts: Mapping[str, str], *, name: str = "picture") -> bytes:
    """The same file with these texts right after its header; older texts of the same keyword go.

    Keywords are 1-79 Latin-1 characters (ValueError otherwise): they are ours, not a person's.
    """
    fresh = [_chunk(*_encoded(keyword, text)) for keyword, text in texts.items()]
    parts = [SIGNATURE]
    for kind, content in _checked(data, name):
        if kind in TEXT_TYPES and _keyword(content) in texts:
            continue
        parts.append(_chunk(kind, content))
        if kind == b"IHDR":
            parts += fresh
    return b"".join(parts)


def _promised_bytes(head: Header) -> int:
    """Bytes of all rows before packing, each with its filter byte; interlaced by Adam7's seven passes."""
    bits = head.bit_depth * _SAMPLES.get(head.colour_type, 1)
    passes = _ADAM7 if head.interlaced else ((0, 0, 1, 1),)
    total = 0
    for left, top, step_x, step_y in passes:
        columns = max(0, -(-(head.width - left) // step_x))
        rows = max(0, -(-(head.height - top) // step_y))
        total += rows * (1 + (columns * bits + 7) // 8) if columns else 0
    return total


def _checked(data: bytes, name: str) -> Iterator[tuple[bytes, memoryview]]:
    """The chunks, ending in an error as soon as the text among them is more than a picture's."""
    total = 0
    for kind, content in chunks(data, name=name):
        total += len(content) if kind in TEXT_TYPES else 0
        if total > MAX_TEXT_TOTAL:
            raise ImageError(
                f"{name} carries more than {MAX_TEXT_TOTAL // 2**20} MB of text beside its pixels",
                "Open it in an image editor and save it again without metadata.",
            )
        yield kind, content


def _keyword(content: memoryview) -> str:
    return bytes(content[:80]).partition(b"\0")[0].decode("latin-1")


def _encoded(keyword: str, text: str) -> tuple[bytes, bytes]:
    """tEXt where Latin-1 can say it, else iTXt (UTF-8, not compressed, no language)."""
    key = keyword.encode("latin-1")
    if not 1 <= len(key) <= 79 or b"\0" in key:
        raise ValueError(f"not a PNG keyword: {keyword!r}")
    try:
        return b"tEXt", key + b"\0" + text.encode("latin-1")
    except UnicodeEncodeError:
        return b"iTXt", key + b"\0\0\0\0\0" + text.encode("utf-8")


def _chunk(kind: bytes, content: bytes | memoryview) -> bytes:
    checksum = zlib.crc32(content, zlib.crc32(kind))
    return b"".join([struct.pack(">I", len(content)), kind, content, struct.pack(">I", checksum)])


def _text(kind: bytes, content: bytes) -> tuple[str, str] | None:
    """(keyword, text) of one chunk, None where it does not hold to the specification."""
    keyword, found, rest = content.partition(b"\0")
    if not found:
        return None
    raw, encoding = _unpacked(kind, rest)
    if raw is None:
        return None
    try:
        return keyword.decode("latin-1"), raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _unpacked(kind: bytes, rest: bytes) -> tuple[bytes | None, str]:
    if kind == b"tEXt":
        return rest[:MAX_TEXT_BYTES], "latin-1"
    if kind == b"zTXt":
        return _inflated(rest[1:]), "latin-1"
    flags, language_and_more = rest[:2], rest[2:]
    parts = language_and_more.split(b"\0", 2)  # language tag, translated keyword, text
    if len(flags) < 2 or len(parts) < 3:
        return None, "utf-8"
    return (_inflated(parts[2]) if flags[0] else parts[2][:MAX_TEXT_BYTES]), "utf-8"


def _inflated(packed: bytes) -> bytes | None:
    """Unpack at most MAX_TEXT_BYTES; None when it is damaged or would grow beyond that."""
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(packed, MAX_TEXT_BYTES)
    except zlib.error:
        return None
    return raw if unpacker.eof else None
