"""Tails of the binomial distribution to 17 digits, for test/kernels/binomial-tail.test.ts:

    python3 test/generators/binomial.py > test/fixtures/kernels/binomial.json

Needs mpmath. Both tails are computed from their definitions: sums of terms, and quadrature of the
density from x to n, with so many digits that 1 minus the tail has 18 of them.
"""

import json
import sys

from mpmath import exp, floor, log, log1p, loggamma, mp, mpf, nstr, quad, sqrt


def log_density(t, n, p):
    return (loggamma(n + 1) - loggamma(t + 1) - loggamma(n - t + 1)) + t * log(p) + (n - t) * log(1 - p)


def integral(start, n, p):
    """∫ of the density from start to n, panel by panel until nothing is added."""
    total, reference = mpf(0), log_density(start, n, p)
    deviation = sqrt(n * p * (1 - p))
    constant = loggamma(n + 1) + n * log(1 - p) - reference
    odds = log(p / (1 - p))
    while start < n:
        slope = abs(odds + log((n - start + 0.5) / (start + 0.5)))
        end = min(n, start + min(1 + deviation, 4 / (slope + 1e-9)))
        part = quad(
            lambda t: exp(constant + t * odds - loggamma(t + 1) - loggamma(n - t + 1)),
            [start, end],
            method="gauss-legendre",
        )
        total, start = total + part, end
        if part < total * mpf(10) ** -mp.dps and start > n * p:
            break
    return reference, total


def continuous(x, n, p):
    mp.dps = 20
    lower = max(mpf(0), -log_density(mpf(x), mpf(n), mpf(p)) / log(10)) if x < n * p else mpf(0)
    if lower > 25:
        return None  # nearer to 1: too many digits to wait for
    mp.dps = 24 + int(lower)
    reference, total = integral(mpf(x), mpf(n), mpf(p))
    return (reference + log(total)) / log(10)


def discrete(x, n, p):
    mp.dps = 40
    p = mpf(p)
    k, odds = int(floor(x)) + 1, p / (1 - p)
    if k <= 0:
        return mpf(0)

    def total(start, step):
        """ln of the sum of the terms from start on, upwards or downwards."""
        term = relative = mpf(1)
        i = start
        while 0 <= i + step <= n and (term > relative * mpf(10) ** -mp.dps or i == start):
            term *= mpf(n - i) / (i + 1) * odds if step > 0 else mpf(i) / (n - i + 1) / odds
            relative += term
            i += step
        return log_density(mpf(start), mpf(n), p) + log(relative)

    if k - 1 <= n * p:
        lower = total(k - 1, -1)
        if lower < log(mpf(0.5)):
            return log1p(-exp(lower)) / log(10)
    return total(k, 1) / log(10)


def places(n, p, deviations, fixed):
    deviation = (n * p * (1 - p)) ** 0.5
    around = [n * p + s * deviation for s in deviations]
    return sorted({x for x in around + fixed if 0 <= x < n})


def cases():
    for n in (1, 2, 9, 25, 361, 3969, 10000, 1000000):
        for p in (1e-300, 1e-6, 0.01, 1 - 0.9, 0.5, 0.93, 1 - 1e-6):
            for x in places(n, p, [-20, -8, -1, -0.1, 0.4, 4, 40], [0, 1, n / 3 + 0.1, n - 1, n - 0.5]):
                yield "discrete", x, n, p, discrete(x, n, p)
    for n in (1, 2, 9, 25, 361, 3969, 10000, 1000000):
        for p in (1e-6, 1 - 0.9, 0.5, 1 - 1e-6):
            for x in places(n, p, [-8, -0.1, 1.5, 12], [0, 0.3, n / 3 + 0.1, n - 0.5, n - 1e-6]):
                yield "continuous", x, n, p, continuous(x, n, p)


def main():
    rows = []
    for kind, x, n, p, value in cases():
        print(kind, x, n, p, file=sys.stderr)
        if value is not None and abs(value) > 1e-300:
            rows.append([kind, x, n, p, float(nstr(value, 20))])
    print(json.dumps(rows, separators=(",", ":")).replace("],", "],\n"))


main()
