"""NumPy alone."""

import numpy as np


def energy(latents):
    (z,) = latents
    return (z * z).sum(axis=0)


def frame(bytes, format, width, height):
    return {"BayerRG8": demosaiced, "Mono10p": of_10_bits, "Mono12p": of_12_bits}[format](bytes, width, height)


def of_10_bits(bytes, width, height):
    b = bytes.reshape(-1, 5).astype(np.uint16)
    values = np.empty((len(b), 4), np.uint8)
    for i in range(4):
        values[:, i] = ((b[:, i] >> 2 * i | b[:, i + 1] << 8 - 2 * i) & 1023) >> 2
    return values.reshape(height, width)


def of_12_bits(bytes, width, height):
    b = bytes.reshape(-1, 3)
    values = np.empty((len(b), 2), np.uint8)
    values[:, 0] = b[:, 0] >> 4 | b[:, 1] << 4
    values[:, 1] = b[:, 2]
    return values.reshape(height, width)


def demosaiced(bytes, width, height):
    """Red at even rows and columns, blue at odd ones; sums in 16 bits, of the mosaic with mirrored edges."""
    p = np.pad(bytes.reshape(height, width), 1, mode="reflect").astype(np.uint16)
    beside = p[1:-1, :-2] + p[1:-1, 2:]
    upright = p[:-2, 1:-1] + p[2:, 1:-1]
    corners = p[:-2, :-2] + p[:-2, 2:] + p[2:, :-2] + p[2:, 2:]
    rgb = np.empty((height, width, 3), np.uint8)
    rgb[:] = p[1:-1, 1:-1, None]
    cross = beside + upright + 2 >> 2
    for row, own, other in (0, 0, 2), (1, 2, 0):
        at, green = np.s_[row::2, row::2], np.s_[row::2, 1 - row :: 2]
        rgb[(*at, 1)] = cross[at]
        rgb[(*at, other)] = corners[at] + 2 >> 2
        rgb[(*green, own)] = beside[green] + 1 >> 1
        rgb[(*green, other)] = upright[green] + 1 >> 1
    return rgb
