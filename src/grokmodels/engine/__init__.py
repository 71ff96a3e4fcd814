"""From a recipe to a run: the network, its exact fast forward pass, and the training loop.

All three modules import torch; this package alone does not.
"""
