"""Checkers for the book's exercises: each takes what you made, says "Correct." or says what is wrong.

A checker tests your function on cases of its own and stops at the first that fails with an AssertionError that shows
the case, what was expected and what came back. The dots of an exercise that nobody has answered fail before any case.
"""

from grokmodels.exercises.anatomy import (
    check_censored_means,
    check_idle_steps,
    check_rule_share,
    check_waits_by_decay,
)
from grokmodels.exercises.basins import (
    check_collapse_rate,
    check_fold,
    check_least_ratio,
    check_smallest_starts,
    check_spread_test,
)
from grokmodels.exercises.circuits import (
    check_exceptions,
    check_prices,
    check_slots,
    check_stopped_ball,
    check_two_turns,
)
from grokmodels.exercises.clock import (
    check_clock,
    check_clock_controls,
    check_early_turn,
    check_ruled_out,
)
from grokmodels.exercises.data import (
    check_border_cell,
    check_half,
    check_pairs_seen,
    check_scaled_wait,
    check_two_laws,
)
from grokmodels.exercises.delay import (
    check_accounts,
    check_schedule_readings,
    check_separate_exponents,
    check_turning_step,
    check_wrong_exponents,
)
from grokmodels.exercises.forecast import (
    check_forecaster,
    check_highest_promise,
    check_least_error,
    check_price,
)
from grokmodels.exercises.inside import (
    check_best_pair,
    check_enough,
    check_near_ties,
    check_spectrum,
)
from grokmodels.exercises.language import (
    check_crossed_worlds,
    check_least_number,
    check_questions_per_copy,
    check_two_hops,
    check_within_reach,
)
from grokmodels.exercises.mind import (
    check_first_signs,
    check_guessing_loss,
    check_lasting_step,
)
from grokmodels.exercises.motion import (
    check_critical_batch,
    check_gain,
    check_resting_weight,
    check_same_race,
)
from grokmodels.exercises.norms import (
    check_hill,
    check_permutation,
    check_rescaling,
    check_ridge,
)
from grokmodels.exercises.null import (
    check_growth_factors,
    check_hidden_signal,
    check_initial_scale,
    check_late_jump,
    check_threshold_moves,
)
from grokmodels.exercises.optimizers import (
    check_idle_weight,
    check_ingredient,
    check_last_margin,
)
from grokmodels.exercises.order_parameter import (
    check_alarm,
    check_difference_signal,
    check_plateau_ratio,
    check_rise,
    check_rise_readings,
)
from grokmodels.exercises.parity import (
    check_sparse_vote,
    check_two_stops,
    check_walsh_coefficient,
)
from grokmodels.exercises.plateau import (
    check_added_delay,
    check_grokking_delay,
    check_leading_times,
    check_squared_rest,
)
from grokmodels.exercises.sensitivity import (
    check_brier,
    check_clock_shares,
    check_in_a_cell,
    check_shares,
)
from grokmodels.exercises.skills import (
    check_coincidence,
    check_hidden_steps,
    check_mixture,
    check_worst_skill,
)
from grokmodels.exercises.transition import (
    check_binder,
    check_loop_limit,
    check_luck,
    check_threshold_slope,
)
from grokmodels.exercises.verdicts import (
    check_false_words,
    check_median_verdict,
    check_transition_verdict,
)

__all__ = [
    "check_accounts",
    "check_added_delay",
    "check_alarm",
    "check_best_pair",
    "check_binder",
    "check_border_cell",
    "check_brier",
    "check_censored_means",
    "check_clock",
    "check_clock_controls",
    "check_clock_shares",
    "check_coincidence",
    "check_collapse_rate",
    "check_critical_batch",
    "check_crossed_worlds",
    "check_difference_signal",
    "check_early_turn",
    "check_enough",
    "check_exceptions",
    "check_false_words",
    "check_first_signs",
    "check_fold",
    "check_forecaster",
    "check_gain",
    "check_grokking_delay",
    "check_growth_factors",
    "check_guessing_loss",
    "check_half",
    "check_hidden_signal",
    "check_hidden_steps",
    "check_highest_promise",
    "check_hill",
    "check_idle_steps",
    "check_idle_weight",
    "check_in_a_cell",
    "check_ingredient",
    "check_initial_scale",
    "check_last_margin",
    "check_lasting_step",
    "check_late_jump",
    "check_leading_times",
    "check_least_error",
    "check_least_number",
    "check_least_ratio",
    "check_loop_limit",
    "check_luck",
    "check_median_verdict",
    "check_mixture",
    "check_near_ties",
    "check_pairs_seen",
    "check_permutation",
    "check_plateau_ratio",
    "check_price",
    "check_prices",
    "check_questions_per_copy",
    "check_rescaling",
    "check_resting_weight",
    "check_ridge",
    "check_rise",
    "check_rise_readings",
    "check_rule_share",
    "check_ruled_out",
    "check_same_race",
    "check_scaled_wait",
    "check_schedule_readings",
    "check_separate_exponents",
    "check_shares",
    "check_slots",
    "check_smallest_starts",
    "check_sparse_vote",
    "check_spectrum",
    "check_spread_test",
    "check_squared_rest",
    "check_stopped_ball",
    "check_threshold_moves",
    "check_threshold_slope",
    "check_transition_verdict",
    "check_turning_step",
    "check_two_hops",
    "check_two_laws",
    "check_two_stops",
    "check_two_turns",
    "check_waits_by_decay",
    "check_walsh_coefficient",
    "check_within_reach",
    "check_worst_skill",
    "check_wrong_exponents",
]
