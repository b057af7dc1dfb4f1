raise ImportError("make quick runs without TensorFlow: mark what needs it with pytest.mark.tensorflow")
