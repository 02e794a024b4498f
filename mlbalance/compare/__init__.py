"""Comparison of methods on a user's data, on the same folds."""
