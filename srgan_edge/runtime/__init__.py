"""Running converted models on any image; no TensorFlow is imported here."""
