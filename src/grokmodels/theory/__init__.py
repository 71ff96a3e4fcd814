"""The theory of two circuits, in sympy, numpy and JavaScript from one source; one concept a module, no torch.

``circuits`` is the model and ``heldout`` what a test set sees of it; ``losses`` drive it, ``symbols`` name it, and
``kernels`` turns one expression into numpy and JavaScript.
"""
