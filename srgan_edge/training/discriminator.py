"""Names that moved to srgan_edge.training.discriminators."""

from __future__ import annotations

from typing import Any

from srgan_edge.training.discriminators import paper_discriminator, projected_discriminator, projections

__all__ = ["discriminator", "projected_discriminator", "projections"]


def discriminator(side: int | None, head: str = "dense", width: int = 64) -> Any:
    """The paper's discriminator with a "dense" or a "pooled" head."""
    return paper_discriminator(side, width, head == "pooled")
