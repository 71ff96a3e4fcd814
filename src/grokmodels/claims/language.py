"""Facts, two-hop questions and a rule planted in text: does the story of two basins persist? Row 13."""

from __future__ import annotations

import pandas as pd

from grokmodels.claims.row import Verdict

# Of the predictions of ``two-hop`` and ``planted-rule``, by how they begin: generalization that is delayed ...
DELAYED = (
    "When the training inputs are memorized, at most 40 %",
    "The delay is at least twice t_mem",
    "In sentences, too, every run with decay generalizes",
    "In sentences at most 40 %",
    "When the trained sums are memorized, at most 30 %",
)
# ... and that comes from a rule.
CONTROLS = ("Without a rule the held-out questions", "Without a rule the held-out sums")
STORY = "two basins"


def judge_language(declared: pd.DataFrame) -> Verdict:
    """Claim 13 from the verdicts of ``two-hop`` and ``planted-rule`` on all of their runs.

    Generalization is delayed if what was declared of the delay came true, in symbols, in sentences and amid text, and
    the controls without a rule did not generalize. Then the claim holds, with limits where anything else that the story
    of two basins says of these tasks did not come true; else it fails.
    """
    if not len(declared) or "no runs" in {*declared["verdict"]}:
        return "open"
    came = declared["verdict"] == "true"
    delayed = came[declared["sentence"].str.startswith((*DELAYED, *CONTROLS))].all()
    story = came[declared["mechanism"].map(lambda names: STORY in names)].all()
    if not delayed:
        return "fails"
    return "holds" if story else "holds with limits"
