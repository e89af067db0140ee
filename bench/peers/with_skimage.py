"""scikit-image with SciPy, and PyTorch to upsample. docs/maths.md, "The a contrario test"."""

import numpy as np
import torch
from scipy.special import logsumexp
from scipy.stats import chi2
from skimage.measure import find_contours, label, regionprops
from skimage.morphology import max_tree

from with_torch import upsampled


def component_tree(energy):
    """The max-tree alone; there is nothing of ours to compare it with."""
    max_tree(energy, connectivity=1)


def tree_nfa(latents, size, tail, tests):
    pixels = [z[0].size for z in latents]
    if tests == "all":
        added = [log_tests(pixels)] * len(latents)
    else:
        added = [np.log10(len(pixels)) + log_tests([n]) for n in pixels]
    maps = []
    for z, log_n in zip(latents, added):
        log_probability = torch.from_numpy(cluster_map(z, tail).astype(np.float32))
        maps.append(upsampled(log_probability, size) + log_n)
    return torch.stack(maps).amin(dim=0)


def log_tests(pixels):
    per_scale = []
    for n in pixels:
        r = np.arange(1, n + 1)
        per_scale.append(np.log(n) + logsumexp(np.log(0.316915) + r * np.log(4.062570) - np.log(r)))
    return logsumexp(per_scale) / np.log(10)


def log_tail(energy, channels, tail):
    if tail == "exact":
        return chi2.logsf(energy, channels) / np.log(10)
    ratio = energy / channels
    return -channels / 2 * (ratio - 1 - np.log(ratio)) / np.log(10)


def cluster_map(z, tail):
    """log10 of the probability of the final cluster of each pixel, 0 outside."""
    channels = z.shape[0]
    energy = (z * z).sum(axis=0)
    values = energy / np.float32(channels)
    parent, order = max_tree(values, connectivity=1)
    parent, values = parent.ravel(), values.ravel()
    root = order[0]

    # A node is represented by one of its pixels, the others of the same level have it as their parent.
    is_node = values[parent] != values
    is_node[root] = True
    area = np.ones(values.size)
    for pixel in order[:0:-1]:
        area[parent[pixel]] += area[pixel]
    log_probability = area * log_tail(energy.ravel().astype(np.float64), channels, tail)

    children = {}
    for pixel in order[1:]:
        if is_node[pixel]:
            children.setdefault(parent[pixel], []).append(pixel)

    # Bottom up: the node that each branch keeps, None where several stay apart.
    choice = {}
    for node in order[::-1]:
        if not is_node[node]:
            continue
        below = [choice[child] for child in children.get(node, [])]
        if not below:
            choice[node] = node
        elif None in below:
            choice[node] = None
        elif len(below) == 1:
            keeps = log_probability[below[0]] <= log_probability[node]
            choice[node] = below[0] if keeps else node
        else:
            replaces = all(log_probability[node] <= log_probability[child] for child in below)
            choice[node] = node if replaces else None

    final = set()
    for node, chosen in choice.items():
        if chosen is not None and (node == root or choice[parent[node]] is None):
            final.add(chosen)

    # Top down: a pixel is of the cluster that is its node, else of its parent's.
    result = np.zeros(values.size)
    for pixel in order:
        if pixel in final:
            result[pixel] = log_probability[pixel]
        elif pixel != root:
            result[pixel] = result[parent[pixel]]
    return result.reshape(energy.shape)


def regions(log_nfa):
    """Area, box (x, y, width, height) of each region; the other properties are computed and dropped."""
    mask = log_nfa < 0
    found = []
    for region in regionprops(label(mask, connectivity=1), intensity_image=log_nfa):
        top, left, bottom, right = region.bbox
        _ = region.centroid, region.min_intensity
        found.append((region.area, left, top, right - left, bottom - top))
    find_contours(mask.astype(float), 0.5)
    return sorted(found)
