"""Pillow with NumPy: the same filter as ours. docs/maths.md, "The input"."""

import numpy as np
from PIL import Image


def resample(image, size, mean, std):
    resized = Image.fromarray(image).resize((size["width"], size["height"]), Image.Resampling.BILINEAR)
    values = np.asarray(resized, np.float32) / 255
    normalized = (values - np.float32(mean)) / np.float32(std)
    return np.ascontiguousarray(normalized.transpose(2, 0, 1))
