"""Compiled log density of the beta distribution by its mean's logit and the log of its precision.

With ``mu = expit(eta)``, ``p = mu phi`` and ``q = (1 - mu) phi`` the density of y is that of the
beta distribution with parameters p and q (Ferrari & Cribari-Neto 2004, Journal of Applied
Statistics 31, 799-815).
"""

import math

import numpy as np

from pluralign_stats.models.engine.compiled import compiled

#: Below this an argument is raised by recurrence before the asymptotic series is used, whose
#: next term is below 1e-15 of the sum there.
LARGE = 12.0


@compiled
def polygammas(x):
    """Digamma, trigamma and tetragamma at x > 0 (Abramowitz & Stegun 1964, 6.3, 6.4)."""
    zero, one, two = 0.0, 0.0, 0.0
    while x < LARGE:
        r = 1 / x
        zero -= r
        one += r * r
        two -= 2 * r * r * r
        x += 1
    r = 1 / x
    s = r * r
    zero += (
        math.log(x)
        - 0.5 * r
        - s
        * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132 - s * 691 / 32760)))))
    )
    one += (
        r
        + 0.5 * s
        + r
        * s
        * (1 / 6 - s * (1 / 30 - s * (1 / 42 - s * (1 / 30 - s * (5 / 66 - s * 691 / 2730)))))
    )
    two += (
        -s
        - r * s
        - s * s * (0.5 - s * (1 / 6 - s * (1 / 6 - s * (3 / 10 - s * (5 / 6 - s * 691 / 210)))))
    )
    return zero, one, two


@compiled
def digamma(x):
    """Digamma function at x > 0."""
    zero = 0.0
    while x < LARGE:
        zero -= 1 / x
        x += 1
    s = 1 / (x * x)
    return (
        zero
        + math.log(x)
        - 0.5 / x
        - s
        * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132 - s * 691 / 32760)))))
    )


@compiled
def beta_row(response, eta, phi):
    """Log density of one response y, and its slopes by eta and log phi.

    Parameters
    ----------
    response
        The logit of y.
    eta, phi
        Logit of the mean, and precision.
    """
    log_one = math.log1p(math.exp(-abs(response)))
    log_y, log_rest = min(response, 0.0) - log_one, -max(response, 0.0) - log_one
    small = math.exp(-abs(eta))
    mu = (1.0 if eta > 0 else small) / (1 + small)
    rest = (small if eta > 0 else 1.0) / (1 + small)
    p, q = mu * phi, rest * phi
    if not (p > 0 and q > 0 and phi < np.inf):
        return -np.inf, 0.0, 0.0
    value = math.lgamma(phi) - math.lgamma(p) - math.lgamma(q)
    value += (p - 1) * log_y + (q - 1) * log_rest
    up, down = log_y - digamma(p), log_rest - digamma(q)
    return value, mu * q * (up - down), phi * digamma(phi) + p * up + q * down


@compiled
def beta_rows(log_y, log_rest, eta, log_phi, made):
    """Log densities of responses and derivatives by e = eta and k = log phi.

    Parameters
    ----------
    log_y, log_rest
        (n,) logs of responses between 0 and 1, and of what they lack to 1.
    eta, log_phi
        (n,) logits of means, and logs of precisions.
    made
        (8, n) filled with the density and its derivatives by e, ee, eee, k, ke, kee, kk, and zeros
        where `log_y` is missing.
    """
    for i in range(len(eta)):
        if math.isnan(log_y[i]):
            made[:, i] = 0.0
            continue
        phi = math.exp(log_phi[i])
        small = math.exp(-abs(eta[i]))
        mu = (1.0 if eta[i] > 0 else small) / (1 + small)
        rest = (small if eta[i] > 0 else 1.0) / (1 + small)
        p, q = mu * phi, rest * phi
        if not (p > 0 and q > 0 and phi < np.inf):
            made[:, i] = 0.0
            made[0, i] = -np.inf
            continue
        p0, p1, p2 = polygammas(p)
        q0, q1, q2 = polygammas(q)
        w0, w1, _ = polygammas(phi)
        m1 = mu * rest
        m2 = m1 * (rest - mu)
        m3 = m1 * (1 - 6 * m1)
        value = math.lgamma(phi) - math.lgamma(p) - math.lgamma(q)
        made[0, i] = value + (p - 1) * log_y[i] + (q - 1) * log_rest[i]
        # Derivatives by the mean, and how these move with log phi.
        g1 = phi * (log_y[i] - log_rest[i] - p0 + q0)
        g2 = -phi * phi * (p1 + q1)
        g3 = -phi * phi * phi * (p2 - q2)
        g1_k = g1 - phi * (p * p1 - q * q1)
        g2_k = 2 * g2 - phi * phi * (p * p2 + q * q2)
        made[1, i] = g1 * m1
        made[2, i] = g2 * m1 * m1 + g1 * m2
        made[3, i] = g3 * m1 * m1 * m1 + 3 * g2 * m1 * m2 + g1 * m3
        by_k = phi * w0 + p * (log_y[i] - p0) + q * (log_rest[i] - q0)
        made[4, i] = by_k
        made[5, i] = g1_k * m1
        made[6, i] = g2_k * m1 * m1 + g1_k * m2
        made[7, i] = by_k + phi * phi * w1 - p * p * p1 - q * q * q1
