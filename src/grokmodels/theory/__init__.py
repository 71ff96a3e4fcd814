"""The theory of two circuits, in sympy, numpy and JavaScript from one source. No torch; one concept a module.

- The model: ``circuits``, driven by ``losses``; ``heldout`` is what a test set sees of it.
- Its laws: ``clock`` for every degree; ``forgetting`` at degree 1; ``plateau``, ``implicit_bias`` and ``phases`` at 2;
  ``rest``, ``basins``, ``hysteresis`` and ``escape`` above 2, with noise from ``langevin``.
- Its variations: ``slots``, ``depths``, ``updates``; ``mixture``, of many skills that turn one by one; and ``ridge``,
  where nothing undergoes a transition.
- Its steps: ``motion`` is what AdamW does to a weight and to the two circuits; ``shared`` trains slots and rule on
  the same weights, in batches.
- Whole simulated studies: ``evidence``, of the mechanisms in ``growth`` and ``rivals``.
- Their means: ``kernels`` makes numpy and JavaScript of one expression over ``symbols``; ``integrate`` and ``noise``
  compute as the charts of :mod:`grokmodels.explorables` do; ``checks`` names bad arguments.
"""
