"""The library under the book "Grokking as a phase transition".

``tasks``, ``architecture``, ``schedules`` and ``experiment`` are recipes; ``transformer``, ``prefixes`` and
``training`` turn a recipe into a run; ``measures`` says what a network did; ``results`` and ``studies`` keep runs and
make them again; ``theory`` is the model of two circuits; ``figures`` and ``explorables`` show it all; ``exercises``
checks answers.

Importing this package, or anything in it but the three that train, does not import torch.
"""
