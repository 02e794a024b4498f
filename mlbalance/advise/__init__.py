"""Which scheme for these counts, before any feature is seen: the answer of `mlbalance advise`.

The numbers are first-order theory (`mlbalance.theory`) for exchangeable classes, or for Gaussian
ones where features and a separation are given; a number of features says in which regime that is,
and where first order fails `theory.proportional` takes its place. The text says what they assume
and what they leave out. Classes are numbered from 0, as labels are.
"""

from mlbalance.advise.advice import TARGETS, Advice, advise

__all__ = ["TARGETS", "Advice", "advise"]
