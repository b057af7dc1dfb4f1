"""x264 that writes the same bytes in every process."""

from __future__ import annotations

from functools import cache

# At widths that are no multiple of 128, x264's AVX-512 code gives other bytes from process to process. What it uses
# instead is in every processor that has AVX-512.
_WITHOUT_AVX512 = {"x264-params": "asm=MMX2,SSE2Fast,SSSE3,SSE4.2,AVX,FMA3,BMI1,BMI2,AVX2"}

# OpenCV's CV_CPU_AVX_512F, which its Python module has no name for.
_AVX512F = 13


@cache
def repeatable() -> dict[str, str]:
    """Options for PyAV's encoder libx264 that leave AVX-512 unused."""
    import cv2  # it knows the processor on every system

    return _WITHOUT_AVX512 if cv2.checkHardwareSupport(_AVX512F) else {}
