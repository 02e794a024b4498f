"""Formulas of a softmax that is not right."""

import sympy as sp

from mlbalance.derivations.proofs import _population as right


def without_outer_product(one, other, prior=right.target):
    p = right.posterior(one, prior)
    return right.density(prior) * p * sp.KroneckerDelta(one, other)


def without_indicator(label, component, prior=right.target):
    return right.posterior(component, prior)


def wrong_posterior(label, prior=right.target):
    """A model that is not right: it has the features' densities squared."""
    scaled = [prior(one) * right.f[one, right.i] ** 2 for one in (label, right.h)]
    return scaled[0] / sp.Sum(scaled[1], (right.h, 1, right.K))
