"""From a recipe to a run: the network, its exact fast forward pass for many members at once, and the training loop.

Its modules import torch, all but ``run``; this package alone does not.
"""
