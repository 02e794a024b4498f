"""Which scheme for these counts, before any feature is seen: the answer of `mlbalance advise`.

The numbers are first-order theory (`mlbalance.theory`) for exchangeable classes, or for Gaussian
classes where features and a separation are given. The number of features decides the regime; where
first order fails, `theory.proportional` takes its place. The text states what the numbers assume
and leave out. Classes are numbered from 0, as labels are.

`advice` is the entry point. `numbers` holds what it computes by `options`, `gaussian`, `no_mle` and
`regime` (with `error_table` and `matched`); `document` and its modules of sections say it in words.
"""

from mlbalance.advise.advice import TARGETS, Advice, advise

__all__ = ["TARGETS", "Advice", "advise"]
