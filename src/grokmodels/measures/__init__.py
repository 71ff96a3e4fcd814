"""What a network did, measured: in its answers, its weights, its milestones, and inside.

The functions of ``logits``, ``norms`` and ``lasting`` are at hand here. ``fourier``, ``walsh`` and ``progress`` look at
the rule that a network found; ``paths`` lead from one network to another; ``landscape`` looks at the loss around them,
and is the only one here that imports torch.
"""

from grokmodels.measures.lasting import Milestone, Milestones, first_lasting, milestones
from grokmodels.measures.logits import accuracy, cross_entropy, margins, rule_share, signal
from grokmodels.measures.norms import weight_norms

__all__ = [
    "Milestone",
    "Milestones",
    "accuracy",
    "cross_entropy",
    "first_lasting",
    "margins",
    "milestones",
    "rule_share",
    "signal",
    "weight_norms",
]
