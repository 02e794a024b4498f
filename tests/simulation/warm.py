"""Imported by the server of forks: what a study imports when it first runs is then there."""

from dataclasses import replace

from mlbalance.simulation import run
from tests.simulation.victim import STUDY

run(replace(STUDY, replications=2))
