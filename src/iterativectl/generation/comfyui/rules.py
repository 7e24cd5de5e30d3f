"""The rules by which graphs are read, each with its name. Pure.

Reading a graph is a row of questions (which nodes sample? which inputs lead to the picture?). A question is a
tuple of rules, asked in order; a rule is a name and a function. One name may answer several questions.
tests/workflows shows every rule at work: a graph there carries the names of the rules that it needs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

_Asked = TypeVar("_Asked")


@dataclass(frozen=True)
class Rule(Generic[_Asked]):
    """One answer to a question. `name` is a key of RULES; `ask` is called with what the question is about."""

    name: str
    ask: _Asked


# What a plain img2img graph stands on: every graph needs most of these.
BASE: Mapping[str, str] = {
    "save_image": "a SaveImage node keeps the result",
    "latent_sampler": "a node with conditioning and a latent linked in is a sampler",
    "own_settings": "an input of the sampler itself, or of a node it is put together from",
    "clip_text": "the words of a text encoder behind the conditioning",
    "conditioning": "conditioning is followed through nodes that take a single one in",
    "encoded_picture": "the picture that is encoded into the first sampler's latent, scaled or not",
    "checkpoint_loader": "the loader that the sampler's model comes from",
}
_READING: Mapping[str, str] = {
    "saved_picture": "a PNG that ComfyUI saved carries its graph",
    "saved_request": "a saved request to the server holds its graph under `prompt`",
    "editor_format": "the editor's own format is refused, with the way to export the right one",
    "circle": "nodes linked in a circle are refused: older servers say nothing of the reason",
    "told_roles": "named under roles: in AIGen.yaml",
    "reroutes": "reroutes and switches are looked through, to what they pass on",
    "stranger_inputs": "where no known input leads on, a custom node's other inputs are tried",
}
_SAVING: Mapping[str, str] = {
    "other_save": "a custom save node keeps the result: SaveImage takes its place",
    "preview": "nothing saves the result: SaveImage takes the place of a preview",
    "most_sampled": "of several saves the result is the one with most sampling before it",
}
_SAMPLING: Mapping[str, str] = {
    "sampler_in_parts": "a sampler put together from noise, guider, sampler and sigmas nodes",
    "pixel_sampler": "a detailer or tiled upscaler samples pixels: it has a picture in place of a latent",
    "passes": "of samplers in a row the first gets the plan's parameters",
    "later_words": "later passes with words of their own get the prompts too",
    "unclear_sampler": "two first samplers, neither after the other: refused until one is named",
    "start_at_step": "KSamplerAdvanced has no denoise: a late start in a longer schedule stands for it",
    "split_sigmas": "a schedule that is split: the part sampled stands for denoise, or the hand-over is kept",
    "flux_guidance": "the embedded guidance, where the sampler's own CFG is fixed at 1 or there is none",
    "linked_values": "a value that comes from another node: ours replaces the link where it is used",
    "empty_latent": "the sampling starts from an empty latent: its size is known, its denoise stays",
}
_WORDING: Mapping[str, str] = {
    "words_by_encoder": "the words of every text encoder of the family, which all get the prompt",
    "linked_words": "words that come from text nodes: ours replace the link at the encoder",
    "words_on_the_loader": "words that a custom loader holds itself, under positive and negative",
    "paired_sides": "a node with both sides passes each on: positive first, negative second",
    "joined_words": "of texts that are combined, joined or averaged the first gets the prompt",
    "regions": "words and masks of a part of the picture are not the whole picture's",
    "zeroed_negative": "a negative side that is zeroed has no words",
    "shared_text": "one text behind both sides: the negative side gets a copy of its own",
}
_PICTURING: Mapping[str, str] = {
    "composed_picture": "of pictures composed into one, the one that others are laid upon",
    "reference_picture": "the picture that an edit model reads through its conditioning",
    "other_loader": "a custom node that loads the picture by its file name",
    "control_picture": "a picture that a ControlNet reads, other than the one to edit",
    "concatenated_control": "a picture that Flux Canny or Depth reads as extra channels",
    "preprocessed_control": "the only picture, from which the graph itself makes edges or depth",
    "unclear_picture": "two pictures, and nothing says which is to be edited: refused until one is named",
    "mask_file": "the mask loaded from a picture of its own",
    "mask_in_picture": "the mask in the alpha of the picture to edit",
    "inverted_mask": "a mask that is inverted on its way: that is taken out, for our white is to be edited",
    "composite_mask": "the mask of the composite that ends the graph",
    "model_chain": "the model's loader, through LoRAs and other patches",
    "merged_models": "models that are merged: none is exchanged, unless one is named",
}
RULES: Mapping[str, str] = {**BASE, **_READING, **_SAVING, **_SAMPLING, **_WORDING, **_PICTURING}
ALL: Collection[str] = frozenset(RULES)


def in_force(question: tuple[Rule[_Asked], ...], names: Collection[str]) -> Iterator[Rule[_Asked]]:
    """The rules of a question that are among `names`, in order."""
    return (rule for rule in question if rule.name in names)
