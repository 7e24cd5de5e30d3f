"""The fake's pictures: what a graph would make of its input, and how a graph may spoil what it should keep.

A picture's pixels follow from the input picture and the values in its graph, so that other plans give other
pictures and the same plan the same one. With a mask in the graph the wash lies inside it, and outside every
pixel is a little off, as after a VAE; a graph with ImageCompositeMasked gives the outside back untouched.
The `picture` faults come last, and spare nothing.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageChops
from tests.fakes.comfyui_rules import links, upstream
from tests.fakes.comfyui_switches import Switches

SAMPLERS = ("KSampler", "KSamplerAdvanced", "SamplerCustomAdvanced")
SHIFT = 24  # how far `shift_colours` moves every value, unless told otherwise
VAE = 2  # how far every value is off after a VAE
ReadInput = Callable[[str], bytes | None]
Graph = Mapping[str, Any]


def painted(graph: Graph, save: str, mark: str, read: ReadInput) -> Image.Image:
    """What the graph makes for one save node, RGB. `mark` decides the colours of the wash."""
    before = upstream(graph, save)
    source = _opened(_loader(graph, _encoded(graph, before) or before, 0), graph, read)
    picture = source.convert("RGB") if source else Image.new("RGB", (64, 64), (128, 128, 128))
    samplers = [n for n in before if graph[n]["class_type"] in SAMPLERS]
    if not samplers:
        return picture
    strength = 0.1 + 0.6 * float(graph[samplers[0]]["inputs"].get("denoise", 1.0))
    made = _washed(picture, mark, min(strength, 0.8))
    mask = mask_of(graph, before, read)
    if mask is None:
        return made
    composed = any(graph[n]["class_type"] == "ImageCompositeMasked" for n in before)
    outside = picture if composed else _shifted(picture, VAE)
    return Image.composite(made, outside, mask.resize(picture.size, Image.Resampling.NEAREST))


def preview(step: int) -> bytes:
    """What a sampler has after a step, as a JPEG."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (40 * step % 256, 90, 120)).save(buffer, format="JPEG")
    return buffer.getvalue()


def mask_of(graph: Graph, nodes: list[str], read: ReadInput) -> Image.Image | None:
    """The mask that the nodes read, in white what is edited. It is not grown or blurred."""
    for node in nodes:
        inputs = graph[node]["inputs"]
        loader = inputs["image"][0] if graph[node]["class_type"] == "ImageToMask" else node
        if graph[node]["class_type"] in ("LoadImageMask", "ImageToMask"):
            picture = _opened(loader, graph, read)
            return _channel(picture, inputs.get("channel", "alpha")) if picture else None
    picture = _opened(_loader(graph, nodes, 1), graph, read)  # LoadImage's second output: alpha, inverted
    return _channel(picture, "alpha") if picture else None


def spoiled(picture: Image.Image, switches: Switches) -> Image.Image:
    """The picture under the `picture` faults that change its pixels or its size."""
    shift = switches.take("picture", "shift_colours")
    if shift:
        picture = _shifted(picture, int(shift.argument or SHIFT))
    move = switches.take("picture", "move")
    if move:
        dx, dy = (int(part) for part in move.argument.split(","))
        moved = picture.copy()
        moved.paste(picture, (dx, dy))
        picture = moved
    if switches.take("picture", "crop8"):  # as VAEEncode does, which takes multiples of 8 from the middle
        width, height = (side // 8 * 8 for side in picture.size)
        left, top = (picture.width - width) // 2, (picture.height - height) // 2
        picture = picture.crop((left, top, left + width, top + height))
    size = switches.take("picture", "size")
    if size:
        width, _, height = size.argument.partition("x")
        picture = picture.resize((int(width), int(height)), Image.Resampling.BICUBIC)
    return picture


def encoded(picture: Image.Image, texts: Mapping[str, str], switches: Switches) -> bytes:
    """The picture as a PNG with text chunks; in another form where a `picture` fault says so."""
    if switches.take("picture", "rgba"):
        picture.putalpha(255)
    elif switches.take("picture", "alpha"):
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    if switches.take("picture", "16bit"):
        content = _deep(picture)
    else:
        out = io.BytesIO()
        picture.save(out, "PNG", compress_level=1)
        content = out.getvalue()
    chunks = [_chunk(b"tEXt", f"{key}\0{value}".encode()) for key, value in texts.items()]
    header = 8 + 25  # the signature and IHDR
    return content[:header] + b"".join(chunks) + content[header:]


def _encoded(graph: Graph, nodes: list[str]) -> list[str]:
    """What the first VAE node encodes: the picture to edit, not a control picture or a mask."""
    pixels = [target for n in nodes for name, target, _ in links(graph[n]) if name == "pixels"]
    encoders = [n for n in nodes if "pixels" in graph[n]["inputs"]]
    return [*upstream(graph, pixels[0]), *encoders] if pixels else []


def _loader(graph: Graph, nodes: list[str], slot: int) -> str | None:
    """The first LoadImage of these nodes whose output `slot` is used."""
    used = {target for node in nodes for _, target, taken in links(graph[node]) if taken == slot}
    loaders = [n for n in nodes if graph[n]["class_type"] == "LoadImage" and n in used]
    return loaders[0] if loaders else None


def _opened(node: str | None, graph: Graph, read: ReadInput) -> Image.Image | None:
    content = read(graph[node]["inputs"]["image"]) if node else None
    return Image.open(io.BytesIO(content)) if content else None


def _channel(picture: Image.Image, channel: str) -> Image.Image:
    """A mask from a channel; alpha counts upside down, and a picture without alpha is wholly kept (black)."""
    found = picture.convert("RGBA").getchannel(channel[0].upper())
    return ImageChops.invert(found) if channel == "alpha" else found


def _washed(picture: Image.Image, mark: str, strength: float) -> Image.Image:
    """The picture under a two-by-two wash of colours that the mark decides."""
    colours = bytes.fromhex(mark)[:12]
    wash = Image.frombytes("RGB", (2, 2), colours).resize(picture.size, Image.Resampling.BILINEAR)
    return Image.blend(picture, wash, strength)


def _shifted(picture: Image.Image, by: int) -> Image.Image:
    """Every value of every pixel moved by exactly so much, up or down."""
    return picture.point(lambda value: value + by if value < 128 else value - by)


def _deep(picture: Image.Image) -> bytes:
    """As a PNG with 16 bits a channel: 8-bit values times 257."""
    pixels = np.asarray(picture, dtype=np.uint16) * 257
    order = cv2.COLOR_RGBA2BGRA if picture.mode == "RGBA" else cv2.COLOR_RGB2BGR
    return bytes(cv2.imencode(".png", cv2.cvtColor(pixels, order))[1])


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
