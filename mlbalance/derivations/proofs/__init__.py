"""The proof of every claim, in a module of its label's name or that of the label it goes with."""
