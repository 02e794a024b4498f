"""Keras on PyTorch, in double precision, whatever the user's own settings."""

import os
from importlib.metadata import version
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"
os.environ["KERAS_HOME"] = str(Path(__file__).resolve().parents[2] / "build" / "keras")

import keras

keras.config.set_floatx("float64")


def pytest_configure(config):
    # Their versions are not pinned, and what they warn of is no fault of ours.
    config.addinivalue_line("filterwarnings", "ignore")


def pytest_report_header():
    names = ("torch", "keras", "scikit-learn", "numpy")
    return ", ".join(f"{name} {version(name)}" for name in names)
