"""Writes test/fixtures/metrics/peers.json: metrics of small random maps by scikit-learn, scikit-image and SciPy.

    python3 test/generators/metrics.py > test/fixtures/metrics/peers.json
"""

import json

import numpy as np
from scipy.stats import beta, chi2
from skimage.measure import label, regionprops
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_auc_score

TINY = 2.2e-16


def f1_max(truth, scores):
    precision, recall, thresholds = precision_recall_curve(truth, scores)
    f1 = (2 * precision * recall / np.maximum(precision + recall, 1e-300))[:-1]
    # Of equally good thresholds the highest; rounding must not decide which are.
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)[-1]
    return {"value": f1[best], "threshold": thresholds[best]}


def aupro(scores, masks, limit):
    regions = [scores[i][labels == r] for i, m in enumerate(masks) for labels in [label(m, connectivity=2)] for r in range(1, labels.max() + 1)]
    normal = scores[masks == 0]
    thresholds = np.unique(scores)[::-1]
    fpr = np.array([0] + [np.mean(normal >= t) for t in thresholds])
    pro = np.array([0] + [np.mean([np.mean(region >= t) for region in regions]) for t in thresholds])
    inside = fpr < limit
    # At the limit the upper end of a vertical stretch does not count: the area to its left is the same.
    after = np.flatnonzero(~inside)[0]
    at_limit = np.interp(limit, fpr[after - 1 : after + 1], pro[after - 1 : after + 1])
    return auc(np.append(fpr[inside], limit), np.append(pro[inside], at_limit)) / limit


def fair(scores, masks):
    good = scores[masks.sum(axis=(1, 2)) == 0].ravel()
    score = min(t for t in np.unique(good) if np.sum(good > t) <= good.size / 65536)
    detected = scores > score
    intersection = (detected & (masks == 1)).sum(axis=(1, 2)) + TINY
    union = (detected | (masks == 1)).sum(axis=(1, 2)) + TINY
    return {"score": score, "miou": np.mean(intersection / union)}


def truth_regions(log_nfa, masks, epsilon):
    found = []
    for values, mask in zip(log_nfa, masks):
        detected = label(values < epsilon, connectivity=1)
        for region in regionprops(label(mask, connectivity=2)):
            rows, columns = region.coords.T
            numbers = set(detected[rows, columns]) - {0}
            overlapping = np.isin(detected, list(numbers))
            truth = np.zeros_like(mask)
            truth[rows, columns] = 1
            found.append(
                {
                    "area": int(region.area),
                    "centroid": {"x": region.centroid[1], "y": region.centroid[0]},
                    "detected": len(numbers) > 0,
                    "iou": (overlapping & (truth == 1)).sum() / (overlapping | (truth == 1)).sum(),
                    "logNfa": values[rows, columns].min(),
                }
            )
    return found


def case(seed, images=5, height=11, width=13, step=0.125):
    random = np.random.default_rng(seed)
    masks = np.zeros((images, height, width), np.uint8)
    for mask in masks[2:]:
        for _ in range(3):
            y, x = random.integers(height), random.integers(width)
            mask[y : y + random.integers(1, 5), x : x + random.integers(1, 5)] = 1
    noise = random.normal(size=masks.shape) + 1.2 * masks
    # Multiples of a power of 2, so that there are ties and nothing is rounded on the way.
    scores = np.round(noise / step) * step
    flat, truth = scores.ravel(), masks.ravel()
    highest, defective = scores.max(axis=(1, 2)), masks.max(axis=(1, 2))
    return {
        "seed": seed,
        "width": width,
        "scores": scores.reshape(images, -1).tolist(),
        "masks": masks.reshape(images, -1).tolist(),
        "imageAuroc": roc_auc_score(defective, highest),
        "imageAveragePrecision": average_precision_score(defective, highest),
        "imageF1Max": f1_max(defective, highest),
        "pixelAuroc": roc_auc_score(truth, flat),
        "pixelAveragePrecision": average_precision_score(truth, flat),
        "pixelF1Max": f1_max(truth, flat),
        "aupro": {str(limit): aupro(scores, masks, limit) for limit in [0.05, 0.3, 1]},
        "fairThreshold": fair(scores, masks),
        "truthRegions": truth_regions(-scores, masks, -1),
    }


def intervals():
    for count, total in [(0, 1), (0, 20), (1, 1), (1, 20), (3, 20), (19, 20), (20, 20), (7, 100), (250, 3000)]:
        low = beta.ppf(0.025, count, total - count + 1) if count > 0 else 0
        high = beta.ppf(0.975, count + 1, total - count) if count < total else 1
        poisson = [chi2.ppf(0.025, 2 * count) / 2 if count > 0 else 0, chi2.ppf(0.975, 2 * count + 2) / 2]
        yield {"count": count, "total": total, "binomial": [low, high], "poisson": poisson}


def plain(value):
    return value.item()


print(json.dumps({"cases": [case(seed) for seed in [1, 2, 3]], "intervals": list(intervals())}, default=plain))
