"""Whatever is done to a photo's bytes, it is decoded or refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from conftest import encoded
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from srgan_edge.errors import UnreadableImageError
from srgan_edge.imaging import images

SAMPLES = {suffix: encoded(suffix) for suffix in (".jpg", ".png", ".webp", ".tif", ".gif", ".bmp")}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    suffix=st.sampled_from(sorted(SAMPLES)),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=30),
    cut=st.floats(0, 1),
)
@example(suffix=".tif", changes=[(0.001, 255)], cut=1.0)
def test_the_decoder_decodes_or_refuses(
    tmp_path: Path, suffix: str, changes: list[tuple[float, int]], cut: float
) -> None:
    content = bytearray(SAMPLES[suffix])
    for place, value in changes:
        content[int(place * len(content))] = value
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content[: round(cut * len(content))])
    try:
        picture = images.read(path)
    except UnreadableImageError as error:
        assert str(error).startswith(str(path))
        assert "\n" not in str(error)
    else:
        assert picture.rgb.dtype == np.uint8
        assert picture.rgb.ndim == 3
