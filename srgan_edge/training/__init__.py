"""Training with TensorFlow 2: recipes, data, networks, losses and the loop."""
