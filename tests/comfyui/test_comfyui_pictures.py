"""The fake's pictures are what they are said to be: other tests stand on that."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
import requests
from PIL import Image
from tests.comfyui.rig import PLAN, Rig
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.comfyui_pictures import SHIFT, VAE

from iterativectl.generation.comfyui.graph import png_texts

Rigged = Callable[..., tuple[FakeComfyUI, Rig]]
MASKED = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": PLAN.ckpt_name}},
    "2": {"class_type": "LoadImage", "inputs": {"image": "in.png"}},
    "m": {"class_type": "LoadImageMask", "inputs": {"image": "mask.png", "channel": "red"}},
    "3": {"class_type": "VAEEncode", "inputs": {"pixels": ["2", 0], "vae": ["1", 2]}},
    "n": {"class_type": "SetLatentNoiseMask", "inputs": {"samples": ["3", 0], "mask": ["m", 0]}},
    "4": {"class_type": "CLIPTextEncode", "inputs": {"text": "a", "clip": ["1", 1]}},
    "6": {
        "class_type": "KSampler",
        "inputs": {
            **{"seed": 1, "steps": 2, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal"},
            **{"denoise": 0.6, "model": ["1", 0], "positive": ["4", 0], "negative": ["4", 0]},
            "latent_image": ["n", 0],
        },
    },
    "7": {"class_type": "VAEDecode", "inputs": {"samples": ["6", 0], "vae": ["1", 2]}},
    "8": {"class_type": "SaveImage", "inputs": {"images": ["7", 0], "filename_prefix": "x/y"}},
}
COMPOSITE = {
    "class_type": "ImageCompositeMasked",
    "inputs": {
        **{"destination": ["2", 0], "source": ["7", 0], "mask": ["m", 0]},
        **{"x": 0, "y": 0, "resize_source": False},
    },
}


def _png(pixels: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


SOURCE = np.random.default_rng(3).integers(0, 256, (30, 43, 3), dtype=np.uint8)
MASK = np.zeros((30, 43), dtype=np.uint8)
MASK[10:20, 12:30] = 255


def _made(fake: FakeComfyUI, graph: Any) -> Any:
    """The picture that a graph gives, as numbers."""
    fake.engine.files["input", "", "in.png"] = _png(SOURCE)
    fake.engine.files["input", "", "mask.png"] = _png(np.dstack([MASK] * 3))
    prompt_id = requests.post(f"{fake.url}/prompt", json={"prompt": graph}, timeout=5).json()["prompt_id"]
    record: dict[str, Any] = {}
    while not record:
        record = requests.get(f"{fake.url}/history/{prompt_id}", timeout=5).json()
    image = record[prompt_id]["outputs"]["8"]["images"][0]
    content = requests.get(f"{fake.url}/view", params=image, timeout=5).content
    assert png_texts(content)["fake_prompt_id"] == prompt_id
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)[..., ::-1]


def _composed() -> dict[str, Any]:
    saved = {"class_type": "SaveImage", "inputs": {"images": ["c", 0], "filename_prefix": "x/y"}}
    return {**MASKED, "c": COMPOSITE, "8": saved}


def test_a_mask_holds_the_wash_and_the_vae_spoils_the_rest_a_little(
    servers: Callable[..., FakeComfyUI],
) -> None:
    fake = servers()
    off = np.abs(_made(fake, MASKED).astype(int) - SOURCE)
    assert set(off[MASK == 0].ravel()) == {VAE} and off[MASK > 0].mean() > 20
    assert fake.loads()[0].keys() == {"2", "m"} and fake.loads()[0]["m"] == fake.uploads["mask.png"]


def test_a_composite_gives_the_outside_back(servers: Callable[..., FakeComfyUI]) -> None:
    off = np.abs(_made(servers(), _composed()).astype(int) - SOURCE)
    assert off[MASK == 0].max() == 0 and off[MASK > 0].mean() > 20


def test_shifted_colours_are_shifted_everywhere(servers: Callable[..., FakeComfyUI]) -> None:
    off = np.abs(_made(servers(picture="shift_colours"), _composed()).astype(int) - SOURCE)
    assert set(off[MASK == 0].ravel()) == {SHIFT}


def test_a_move_moves(servers: Callable[..., FakeComfyUI]) -> None:
    still, moved = (_made(servers(**f), MASKED) for f in ({}, {"picture": "move(3,-2)"}))
    assert (moved[:-2, 3:] == still[2:, :-3]).all()


@pytest.mark.parametrize(
    ("fault", "shape", "depth"),
    [
        ("size(512x384)", (384, 512, 3), np.uint8),
        ("crop8", (24, 40, 3), np.uint8),
        ("rgba", (30, 43, 4), np.uint8),
        ("alpha", (30, 43, 4), np.uint8),
        ("16bit", (30, 43, 3), np.uint16),
        ("16bit+alpha", (30, 43, 4), np.uint16),
        ("shift_colours+size(20x10)", (10, 20, 3), np.uint8),
    ],
)
def test_other_sizes_and_forms(
    servers: Callable[..., FakeComfyUI], fault: str, shape: tuple[int, ...], depth: type
) -> None:
    made = _made(servers(picture=fault), MASKED)
    assert made.shape == shape and made.dtype == depth
    if fault == "crop8":
        assert (made == _made(servers(), MASKED)[3:27, 1:41]).all()
    if fault == "16bit":
        assert (made == _made(servers(), MASKED).astype(np.uint16) * 257).all()


@pytest.mark.parametrize("fault", ["shift_colours+move(3,2)", "size(64x64)", "crop8", "alpha", "16bit"])
def test_the_program_takes_them(rigged: Rigged, fault: str) -> None:
    """They are whole pictures of this ticket: what is odd about them is a matter for later."""
    fake, rig = rigged(picture=fault)
    rig.generate()
    assert rig.outcomes() == ["collected"]
    assert fake.loads()[0]["2"] == (rig.folder / "input.png").read_bytes()
