"""Conversion: folding, quantization-aware fine-tuning, export and verification."""
