"""Checkers for the book's exercises: each takes what you made, says "Correct." or says what is wrong.

A checker tests your function on cases of its own and stops at the first that fails with an AssertionError that shows
the case, what was expected and what came back. The dots of an exercise that nobody has answered fail before any case.
"""

from grokmodels.exercises.beyond import (
    check_coincidence,
    check_false_words,
    check_forecaster,
    check_least_error,
    check_median_verdict,
    check_mixture,
    check_transition_verdict,
    check_two_hops,
    check_within_reach,
)
from grokmodels.exercises.on_trial import (
    check_binder,
    check_half,
    check_pairs_seen,
    check_plateau_ratio,
    check_rescaling,
    check_separate_exponents,
    check_spectrum,
    check_turning_step,
)
from grokmodels.exercises.phenomenon import (
    check_guessing_loss,
    check_lasting_step,
    check_rule_share,
    check_walsh_coefficient,
)
from grokmodels.exercises.two_basins import (
    check_clock,
    check_critical_batch,
    check_fold,
    check_gain,
    check_grokking_delay,
    check_late_jump,
    check_slots,
)

__all__ = [
    "check_binder",
    "check_clock",
    "check_coincidence",
    "check_critical_batch",
    "check_false_words",
    "check_fold",
    "check_forecaster",
    "check_gain",
    "check_grokking_delay",
    "check_guessing_loss",
    "check_half",
    "check_lasting_step",
    "check_late_jump",
    "check_least_error",
    "check_median_verdict",
    "check_mixture",
    "check_pairs_seen",
    "check_plateau_ratio",
    "check_rescaling",
    "check_rule_share",
    "check_separate_exponents",
    "check_slots",
    "check_spectrum",
    "check_transition_verdict",
    "check_turning_step",
    "check_two_hops",
    "check_walsh_coefficient",
    "check_within_reach",
]
