"""Which node pack brings a node class: the packs that posted workflows use most. Pure.

Names were read from the packs' own lists of nodes in 2026. Patterns are those of fnmatch, with case; a class
of none of them is unknown here, and is said to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

MANAGER_HINT = "ComfyUI-Manager's `Install Missing Custom Nodes` may know it"
_GITHUB = "https://github.com/"


@dataclass(frozen=True, slots=True)
class Pack:
    """A node pack: its name, as ComfyUI-Manager lists it, and its page."""

    name: str
    page: str


def pack_of(class_type: str) -> Pack | None:
    """The pack that brings a node class; None where it is not known here."""
    for place, patterns in _PACKS.items():
        if any(fnmatchcase(class_type, pattern) for pattern in patterns):
            return Pack(place.partition("/")[2], _GITHUB + place)
    return None


def cure(class_type: str) -> str:
    """What a person can do about a node that the server does not have."""
    pack = pack_of(class_type)
    if pack:
        return f"Install {pack.name} ({pack.page}) in ComfyUI and start it again."
    return f"No node pack with it is known here; {MANAGER_HINT}. Or use a workflow without it."


# First those whose names have a mark of their own, then those that can only be listed.
_PACKS: dict[str, tuple[str, ...]] = {
    "ltdrdata/ComfyUI-Inspire-Pack": ("* //Inspire",),
    "rgthree/rgthree-comfy": ("* (rgthree)",),
    "pythongosssss/ComfyUI-Custom-Scripts": ("*|pysssss",),
    "yolain/ComfyUI-Easy-Use": ("easy *",),
    "cubiq/ComfyUI_essentials": ("*+", "DisplayAny"),
    "storyicon/comfyui_segment_anything": ("* (segment anything)",),
    "Suzie1/ComfyUI_Comfyroll_CustomNodes": ("CR *",),
    "Acly/comfyui-inpaint-nodes": ("INPAINT_*",),
    "Kosinkadink/ComfyUI-Advanced-ControlNet": (
        "ACN_*",
        "ControlNetLoaderAdvanced",
        "DiffControlNetLoaderAdvanced",
    ),
    "Kosinkadink/ComfyUI-AnimateDiff-Evolved": ("ADE_*",),
    "chflame163/ComfyUI_LayerStyle": ("LayerUtility: *", "LayerMask: *", "LayerColor: *", "LayerStyle: *"),
    "huchenlei/ComfyUI-layerdiffuse": ("LayeredDiffusion*",),
    "city96/ComfyUI-GGUF": ("UnetLoaderGGUF*", "*CLIPLoaderGGUF"),
    "ssitu/ComfyUI_UltimateSDUpscale": ("UltimateSDUpscale*",),
    "lquesada/ComfyUI-Inpaint-CropAndStitch": ("InpaintCrop*", "InpaintStitch*"),
    "kijai/ComfyUI-Florence2": ("Florence2*", "DownloadAndLoadFlorence2*"),
    "kijai/ComfyUI-DepthAnythingV2": ("DepthAnything_V2", "DownloadAndLoadDepthAnythingV2Model"),
    "nullquant/ComfyUI-BrushNet": ("BrushNet*", "PowerPaint*", "RAUNet", "BlendInpaint", "CutForInpaint"),
    "ltdrdata/ComfyUI-Impact-Subpack": ("UltralyticsDetectorProvider",),
    "cubiq/ComfyUI_IPAdapter_plus": ("IPAdapter*", "PrepImageForClipVision"),
    "jags111/efficiency-nodes-comfyui": (
        *("Efficient Loader", "Eff. *", "KSampler (Efficient)", "KSampler Adv. (Efficient)", "* (Eff.)"),
        *("LoRA Stacker", "Control Net Stacker", "Apply ControlNet Stack", "XY Plot", "XY Input: *"),
        *("HighRes-Fix Script", "Tiled Upscaler Script", "Noise Control Script", "* SDXL Tuple"),
    ),
    "Fannovel16/comfyui_controlnet_aux": (
        *("*Preprocessor", "*Preprocessor_aux", "*_Preprocessor_*", "*PreprocessorSelector"),
        *("PixelPerfectResolution", "ImageGenResolutionFrom*", "TTPlanet_*", "Scribble_*", "*PoseKps*"),
    ),
    "ltdrdata/ComfyUI-Impact-Pack": (
        *("Impact*", "FaceDetailer*", "DetailerForEach*", "MaskDetailerPipe", "*DetailerPipe", "SEGS*"),
        *("SAMLoader", "SAMDetector*", "*DetectorSEGS", "*DetectorCombined_v2", "*DetectorProvider"),
        *("*BasicPipe*", "MaskToSEGS*", "SegsToCombinedMask", "*DetailerHook*", "Iterative*Upscale"),
        *("*KSampleUpscalerProvider*", "KSampler*Provider", "TwoSamplersForMask*", "RegionalSampler*"),
        *("RegionalPrompt", "CombineRegionalPrompts", "PreviewBridge*", "*SwitchMask", "ToBinaryMask"),
        *("ImageReceiver", "ImageSender", "LatentSwitch", "ImageMaskSwitch", "LatentPixelScale"),
    ),
    "kijai/ComfyUI-KJNodes": (
        *("*KJ", "*KJv2", "GrowMaskWithBlur", "INTConstant", "FloatConstant", "StringConstant*"),
        *("BOOLConstant", "ColorMatch*", "ConditioningMultiCombine", "ImageConcanate", "ImageConcatMulti"),
        *("ImageBatchMulti", "ImageCropByMask*", "ImageUncropByMask", "ImagePadForOutpaintMasked"),
        *("GetImageSizeAndCount", "GetMaskSizeAndCount", "ResizeMask", "RoundMask", "RemapMaskRange"),
        *("ColorToMask", "CreateShapeMask", "CreateTextMask", "CreateGradientMask", "OffsetMask"),
        *("BatchCLIPSeg", "DownloadAndLoadCLIPSeg", "JoinStrings", "JoinStringMulti", "WidgetToString"),
        *("EmptyLatentImagePresets", "InjectNoiseToLatent", "CustomSigmas", "ScheduledCFGGuidance"),
        *("AddLabel", "LoadAndResizeImage", "SaveImageWithAlpha", "DifferentialDiffusionAdvanced"),
    ),
    "WASasquatch/was-node-suite-comfyui": (
        *("Text Concatenate", "Text Multiline*", "Text String*", "Text Find*", "Text List*", "Text to *"),
        *("Text Parse *", "Text Random *", "Text Load *", "Text Input Switch", "Text Dictionary *"),
        *("Image Resize", "Image Save", "Image Load", "Image Blend*", "Image Rembg *", "Image Filter *"),
        *("Image Levels Adjustment", "Image Size to Number", "Image Input Switch", "Image Crop *"),
        *("Image Film Grain", "Image Style Filter", "Image Canny Filter", "Image Remove *"),
        *("Load Image Batch", "Create Grid Image*", "CLIPSeg Masking", "CLIPSeg Model Loader", "SAM *"),
        *("BLIP *", "MiDaS *", "Mask * Region", "Mask Fill Holes", "Masks *", "Number *", "Random Number"),
        *("KSampler (WAS)", "Latent Upscale by Factor (WAS)", "Load Lora", "Lora Loader", "Bounded Image *"),
        *("CLIPTextEncode (NSP)", "Constant Number", "Logic *", "Model Input Switch", "Upscale Model Loader"),
    ),
}
