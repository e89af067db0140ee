"""SciPy with NumPy, and PyTorch to upsample. docs/maths.md."""

import numpy as np
import torch
from scipy import ndimage
from scipy.special import gammaln
from scipy.stats import binom, chi2

from with_torch import upsampled

nodes, weights = np.polynomial.legendre.leggauss(60)


def chi2_log_survival(x, dof):
    return chi2.logsf(x, dof) / np.log(10)


def block_nfa(latents, size, kind):
    tail = discrete_tail if kind == "discrete" else continuous_tail
    return block_map(latents, size, tail)


def block_map(latents, size, tail):
    total = 0
    for scale, z in enumerate(latents):
        mean_count, n = window_counts(z, half=max(5 // 2**scale // 2, 1))
        log_probability = torch.from_numpy(tail(mean_count, n))
        total = total + upsampled(log_probability, size, "bicubic", align_corners=True)
    return np.log10(sum(z[0].size for z in latents)) + total


def window_counts(z, half):
    """How many z^2 of the window are beyond the 0.9 quantile, mean over the channels; and the window's pixels."""
    exceeding = (z * z >= chi2.ppf(0.9, 1)).sum(axis=0)
    side = 2 * half + 1
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(exceeding, half, "reflect"), (side, side))
    return windows.sum(axis=(2, 3)) / z.shape[0], side * side


def discrete_tail(x, n):
    return np.maximum(binom.logsf(np.floor(x), n, 0.1) / np.log(10), -n)


def log_density(k, n):
    coefficient = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return coefficient + k * np.log(0.1) + (n - k) * np.log(0.9)


def continuous_tail(x, n):
    """The density's integral from x to n, by 60 points of Gauss and Legendre for all pixels at once."""
    width = (n - x)[..., None] / 2
    k = x[..., None] + width * (1 + nodes)
    return np.log10((width * weights * np.exp(log_density(k, n))).sum(axis=-1))


def regions(log_nfa):
    """Area, box (x, y, width, height) of each region; the other properties are computed and dropped."""
    labels, count = ndimage.label(log_nfa < 0)
    index = np.arange(1, count + 1)
    area = ndimage.sum_labels(np.ones_like(log_nfa), labels, index)
    ndimage.minimum_position(log_nfa, labels, index)
    ndimage.center_of_mass(np.ones_like(log_nfa), labels, index)
    boxes = ndimage.find_objects(labels)
    return sorted(
        (n, x.start, y.start, x.stop - x.start, y.stop - y.start) for n, (y, x) in zip(area, boxes)
    )
