"""The shipped tables of "Norms and basins" are those that the tool computes."""

import numpy as np

from grokmodels import studies
from grokmodels.claims.norms import stored_table
from tools.compute_landscape import compute_pruning, of_smallest


def test_the_stored_pruning_of_a_run_is_found_again():
    _, run = next(studies.with_weights("circuits"))
    again = compute_pruning([run]).set_index(["p", "seed", "network", "method", "amount"])
    stored = stored_table("pruning").set_index(again.index.names).loc[again.index]
    assert len(again) == 2 * (2 * 20 + 16)
    # Weights of nearly equal size swap places in the order of pruning when the last digit of one changes.
    np.testing.assert_allclose(again["train_loss"], stored["train_loss"], rtol=0.03)
    for column in ("train_accuracy", "test_accuracy"):
        np.testing.assert_allclose(again[column], stored[column], atol=0.02)


def test_curves_and_tickets_are_of_the_smallest_modulus():
    runs = [run for _, run in studies.with_weights("circuits")]
    assert {run.experiment.task.p for run in of_smallest(runs)} == {31}
    assert len(of_smallest(runs)) == 3
