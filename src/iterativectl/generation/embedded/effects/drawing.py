"""Oil and pencil: the picture redrawn by hand."""

from __future__ import annotations

import cv2
import numpy as np

from iterativectl.generation.embedded.pixels import Field, Pixels, blur, luma, mix, saturate, smoothstep
from iterativectl.generation.embedded.scene import Scene

_PAPER = np.array([0.97, 0.955, 0.92], np.float32)
_GRAPHITE = np.array([0.17, 0.17, 0.19], np.float32)
_COARSEST_BRUSH = 0.75  # radius in hundredths of the longest side


def oil(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Dabs of even colour, coarse where nothing happens, fine where it matters; more octaves, finer."""
    coarse = kuwahara(picture, max(1, round(_COARSEST_BRUSH * scene.unit)))
    fine = kuwahara(picture, max(1, round(_COARSEST_BRUSH * scene.unit * (0.85 - 0.08 * scene.octaves))))
    detail = blur(np.abs(luma(fine) - luma(coarse)), scene.unit * 0.3)
    painted = mix(coarse, fine, smoothstep(0.02, 0.09, detail))
    rich = saturate(painted, 1.28)
    lit = np.clip(rich + _bristles(scene, rich)[..., None], 0.0, 1.0)
    return mix(picture, np.asarray(lit, np.float32), min(1.0, strength * 1.2))


def pencil(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Graphite on paper: contours, and hatching that gets denser with the shade."""
    shade = _drawn(scene, luma(picture))
    sheet = mix(np.broadcast_to(_PAPER, picture.shape), np.broadcast_to(_GRAPHITE, picture.shape), shade)
    return mix(picture, sheet * _grain(scene), min(1.0, strength * 1.2))


def coloured_pencil(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """The same strokes, over thin colour."""
    shade = _drawn(scene, luma(picture))
    tint = mix(np.broadcast_to(_PAPER, picture.shape), saturate(blur(picture, scene.unit * 0.2), 1.3), 0.72)
    sheet = tint * (1.0 - 0.72 * shade[..., None])
    return np.clip(
        mix(picture, np.asarray(sheet * _grain(scene), np.float32), min(1.0, strength * 1.2)), 0.0, 1.0
    )


def kuwahara(picture: Pixels, radius: int) -> Pixels:
    """Each pixel becomes the mean of the calmest of four squares around it (Kuwahara et al. 1976).

    The sums are of 8-bit numbers, hence exact: they do not depend on how OpenCV splits the work.
    """
    whole = np.rint(picture * 255.0).astype(np.uint8)
    light = whole[..., 1]  # green serves as brightness: what is calm there is calm
    size = (radius + 1, radius + 1)
    means = cv2.boxFilter(whole, cv2.CV_32F, size, borderType=cv2.BORDER_REFLECT_101)
    spread = cv2.sqrBoxFilter(light, cv2.CV_32F, size, borderType=cv2.BORDER_REFLECT_101) - means[..., 1] ** 2
    half = (radius + 1) / 2
    best, least = means, np.full(light.shape, np.inf, np.float32)
    for dy in (-half, half):
        for dx in (-half, half):
            noise = _moved(spread, dx, dy)
            best = np.where((noise < least)[..., None], _moved(means, dx, dy), best)
            least = np.minimum(noise, least)
    return np.asarray(blur(np.asarray(best, np.float32), 0.6) / np.float32(255.0), np.float32)


def _moved(values: Field, dx: float, dy: float) -> Field:
    shift = np.array([[1, 0, -dx], [0, 1, -dy]], np.float64)
    size = (values.shape[1], values.shape[0])
    return np.asarray(
        cv2.warpAffine(values, shift, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    )


def _bristles(scene: Scene, picture: Pixels) -> Field:
    """Light on the ridges of paint: noise smeared along the shapes, lit from the upper left."""
    rng = scene.rng("bristles")
    noise = rng.random(scene.shape, np.float32)
    light = blur(luma(picture), scene.unit * 0.25)
    gx, gy = cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1)
    along_x, along_y = blur(gx * gx - gy * gy, scene.unit), blur(2.0 * gx * gy, scene.unit)
    angle = 0.5 * np.arctan2(along_y, along_x) + np.pi / 2
    step_x, step_y = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    rows, columns = np.indices(scene.shape, np.float32)
    length = max(2, round(scene.unit * 0.8))
    smear = np.zeros(scene.shape, np.float32)
    for step in range(-length, length + 1, max(1, length // 4)):
        smear += cv2.remap(
            noise,
            columns + step_x * step,
            rows + step_y * step,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        )
    ridges = blur(smear, max(0.7, scene.unit * 0.06))
    relief = ridges - np.roll(ridges, (1, 1), axis=(0, 1))
    return np.asarray(np.clip(relief / (3.2 * relief.std() + 1e-6), -1.0, 1.0) * 0.075, np.float32)


def _drawn(scene: Scene, light: Field) -> Field:
    """How much graphite lies on each point, 0 - 1."""
    soft, wide = blur(light, scene.unit * 0.08), blur(light, scene.unit * 0.6)
    contour = np.clip(1.0 - (soft + 0.06) / (wide + 0.06), 0.0, 1.0) * 1.5
    edge = np.hypot(cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1))
    lines = smoothstep(0.15, 1.1, edge) * 0.55
    tone = smoothstep(0.85, 0.02, blur(light, scene.unit * 0.35)) ** 1.3
    first, second = _hatching(scene, "hatch one", 0.9), _hatching(scene, "hatch two", -0.75)
    hatch = tone * (0.22 + 0.62 * first) + 0.30 * smoothstep(0.45, 1.0, tone) * second
    return np.asarray(np.clip(contour + lines + 0.8 * hatch, 0.0, 1.0), np.float32)


def _hatching(scene: Scene, name: str, angle: float) -> Field:
    """Strokes of one direction: noise smeared along a line."""
    noise = scene.rng(name).random(scene.shape, np.float32)
    half = max(4, round(scene.unit * 1.5))
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    dx, dy = round(half * np.cos(angle)), round(half * np.sin(angle))
    cv2.line(kernel, (half - dx, half - dy), (half + dx, half + dy), 1.0, 1, cv2.LINE_AA)
    strokes = cv2.filter2D(blur(noise, max(0.6, scene.unit * 0.05)), cv2.CV_32F, kernel / kernel.sum())
    return smoothstep(-2.0, 2.0, (strokes - strokes.mean()) / (strokes.std() + 1e-6))


def _grain(scene: Scene) -> Field:
    """The tooth of the paper."""
    noise = blur(scene.rng("paper").random(scene.shape, np.float32), 0.8)
    return np.asarray(1.0 + (noise - 0.5)[..., None] * 0.10, np.float32)
