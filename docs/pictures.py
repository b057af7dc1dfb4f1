"""The picture of the README: photos as web sites serve them, enlarged by bicubic interpolation and by two models.

python docs/pictures.py [FOLDER]

The photos are scikit-image's: coffee (Rachel Michetti, CC0) and astronaut (NASA, public domain).
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from skimage import data

from srgan_edge import Upscaler

SIDE = 96
"""Pixels of the input that are shown, a side."""
PARTS = {"coffee": (104, 84), "astronaut": (56, 14)}
"""Top left corner of what is shown, in pixels of the input."""
MODELS = ("edge-l-real-x4", "edge-l-real-gan-x4")
SCALE = 4
_LABEL = 30


def as_served(photo: Image.Image) -> Image.Image:
    """Shrunk by half and coded as JPEG of quality 70, colours at half the resolution."""
    small = photo.resize((photo.width // 2, photo.height // 2), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=70, subsampling="4:2:0")
    return Image.open(file).convert("RGB")


def comparison() -> Image.Image:
    """A row a photo; in columns the input, bicubic interpolation and the models, the same part of each."""
    columns = ("input", "bicubic", *MODELS)
    side = SIDE * SCALE
    page = Image.new("RGB", (len(columns) * (side + 4) - 4, len(PARTS) * (side + 4) - 4 + _LABEL), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(18)
    for column, name in enumerate(columns):
        draw.text((column * (side + 4) + side / 2, _LABEL / 2), name, "black", font, anchor="mm")
    with Upscaler(MODELS[0], delegate="cpu") as faithful, Upscaler(MODELS[1], delegate="cpu") as looks:
        for row, (name, (x, y)) in enumerate(PARTS.items()):
            low = as_served(Image.fromarray(getattr(data, name)()).convert("RGB"))
            large = (low.width * SCALE, low.height * SCALE)
            results = (
                low.resize(large, Image.Resampling.NEAREST),
                low.resize(large, Image.Resampling.BICUBIC),
                faithful(low),
                looks(low),
            )
            left, top = x * SCALE, y * SCALE
            for column, result in enumerate(results):
                part = result.crop((left, top, left + side, top + side))
                page.paste(part, (column * (side + 4), _LABEL + row * (side + 4)))
    return page


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "pictures")
    comparison().save(folder / "comparison.jpg", quality=92, subsampling="4:4:4")
