"""Pictures: decoding, encoding, resampling and metrics, without TensorFlow."""
