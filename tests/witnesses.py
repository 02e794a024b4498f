"""Classes, moments and results of proofs, for the tests of theory and of its witnesses."""

import numpy as np

from mlbalance.derivations import derive
from mlbalance.populations import Gaussian
from mlbalance.theory import Moments

MEANS = np.array([[0.0, 0.0], [1.0, 0.3], [-0.2, 0.9]])
RIGHT = Gaussian(MEANS, np.eye(2))
WRONG = Gaussian(MEANS, [np.eye(2), [[1.6, 0.5], [0.5, 0.8]], [[0.5, -0.2], [-0.2, 1.2]]])
"""Three classes in the plane of which a linear model is correctly specified, or not."""
PRIOR = (0.2, 0.5, 0.3)


def random_moments(rng, p=4):
    """Moments that no population need have: any positive definite A, any mu and V."""
    root, roots = rng.normal(size=(p, p)), rng.normal(size=(3, p, p))
    spread = np.swapaxes(roots, 1, 2) @ roots
    return Moments(root @ root.T + np.eye(p), rng.normal(size=(3, p)), spread, np.array(PRIOR))


def right_hand_side(label, name):
    """Of the step of a derivation that proves what this name (in LaTeX) is."""
    (found,) = (
        step.equation.rhs
        for step in derive(label).steps
        if step.kind == "computed" and step.equation.name == name
    )
    return found
