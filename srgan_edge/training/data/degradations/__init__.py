"""From a photo to the low resolution that people have: blur, resizing, sharpening, noise, compression."""
