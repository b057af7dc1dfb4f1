from __future__ import annotations

import numpy as np
import pytest

from srgan_edge.training.discriminators import projected_discriminator, projections

pytestmark = pytest.mark.tensorflow


def test_a_projected_discriminator_judges_every_place_of_detail_and_features() -> None:
    model = projected_discriminator((16, 24), 8)
    image = np.random.default_rng(0).uniform(-1, 1, (2, 32, 48, 3)).astype(np.float32)
    maps = [np.ones((2, 16, 24, 16), np.float32), np.ones((2, 8, 12, 24), np.float32)]
    assert [tuple(x.shape) for x in model(projections(image, maps))] == [(2, 8, 12, 1), (2, 16, 24, 1), (2, 8, 12, 1)]
    moved = image.copy()
    moved[:, :4, :4] += 0.5
    same = np.asarray(model(projections(image, maps))[0] == model(projections(moved, maps))[0])
    # 28 pixels and the blur's 9: nothing that is further away.
    assert not same[:, 0, 0].any()
    assert same[:, 6:, 6:].all()


def test_projections_by_hand() -> None:
    image = np.random.default_rng(0).uniform(-1, 1, (1, 17, 17, 3)).astype(np.float32)
    features = np.random.default_rng(1).normal(0, 20, (1, 4, 4, 16)).astype(np.float32)
    detail, unit = (np.asarray(x) for x in projections(image, [features]))
    assert detail[0, 8, 8] == pytest.approx(4 * (image[0, 8, 8] - image[0, 4:13, 4:13].mean(axis=(0, 1))), abs=1e-5)
    assert np.asarray(projections(image + 0.2, [])[0]) == pytest.approx(detail, abs=1e-5)
    assert unit == pytest.approx(features / np.sqrt((features**2).mean(axis=-1, keepdims=True)), rel=1e-4)
