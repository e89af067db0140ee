"""Writes test/fixtures/kernels/chi2.json: log10 P(chi2_dof >= x) in arbitrary precision. Needs mpmath.

    python3 test/generators/chi2.py > test/fixtures/kernels/chi2.json
"""

import json
import math
import random

from mpmath import exp, log, log1p, loggamma, mp, mpf, sqrt

mp.dps = 60
random.seed(20)


def lower_sum(a, y):
    """gamma(a, y) / (y^a e^-y / a), DLMF 8.11.4."""
    term = total = mpf(1)
    k = 0
    while term > total * mpf(10) ** -mp.dps:
        k += 1
        term *= y / (a + k)
        total += term
    return total


def upper_fraction(a, y):
    """Gamma(a, y) / (y^a e^-y), DLMF 8.9.2, from the inside, with more and more terms until nothing changes."""
    before, terms = None, 16
    while True:
        value = y + 2 * terms + 1 - a
        for k in range(terms, 0, -1):
            value = y + 2 * k - 1 - a + k * (a - k) / value
        if before is not None and abs(value - before) < abs(value) * mpf(10) ** -40:
            return 1 / value
        before, terms = value, 2 * terms


def log10_survival(x, dof):
    a, y = mpf(dof) / 2, mpf(x) / 2
    leading = a * log(y) - y - loggamma(a + 1)
    if y < a + 10 * sqrt(a) + 10:
        return log1p(-exp(leading) * lower_sum(a, y)) / log(10)
    return (leading + log(a * upper_fraction(a, y))) / log(10)


def short(value):
    return float(f"{value:.6g}")


def log_uniform(low, high):
    return math.exp(random.uniform(math.log(low), math.log(high)))


def random_dof():
    dof = log_uniform(1, 1e5)
    return short(round(dof) if random.random() < 0.5 else dof)


def arguments():
    for dof in [1, 2, 3, 24, 31, 32, 33, 40, 112, 256, 512, 768, 816, 1e5]:
        for ratio in [1e-3, 0.01, 0.1, 0.302, 0.303, 1 / 3, 0.5, 0.9, 1, 1.1, 2, 2.357, 2.358, 3, 10, 100, 1e3]:
            yield short(dof * ratio), dof
    for _ in range(1000):
        dof = random_dof()
        yield short(dof * log_uniform(1e-3, 1e3)), dof
    for deviations in [3, 12, 40]:
        for _ in range(600):
            dof = random_dof()
            yield short(dof + random.uniform(-deviations, deviations) * math.sqrt(2 * dof)), dof


def cases():
    for x, dof in arguments():
        if x <= 0:
            continue
        value = float(log10_survival(x, dof))
        # What is nearer to 1 has no digits left in a double.
        if value < -1e-307:
            yield [x, dof, value]


lines = ",\n".join(json.dumps(case) for case in cases())
print(f'{{"note": "x, dof, log10 P(chi2_dof >= x), computed with mpmath at 60 digits", "cases": [\n{lines}\n]}}')
