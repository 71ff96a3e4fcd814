"""What must hold on every device before its runs are believed; the tests run the same checks.

Each check trains networks small enough for seconds on any machine, and raises AssertionError, saying by how much,
where something differs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch

from grokmodels.engine.run import Run
from grokmodels.engine.slot import Member
from grokmodels.engine.training import train, train_stack
from grokmodels.recipes.experiment import Experiment

SMALL = Experiment().but(
    task__p=11, architecture__width=16, batch_size=16, steps=20, evaluate_every=10,
    optimizer__learning_rate=0.01, precision="float64",
)  # fmt: skip
SQUARES = {"kind": "mlp", "width": 16, "activation": "square"}
PARITY = SMALL.but(task={"kind": "parity", "bits": 6}, architecture__attention="bidirectional")
# One of everything that takes a way of its own through the engine.
RECIPES = {
    "modular": SMALL,
    "parity": PARITY,
    "prefixes of six": PARITY.but(architecture__attention="causal", batch_size=None),
    "no LayerNorm": SMALL.but(architecture__norm="none", architecture__layers=1),
    "Adam with L2": SMALL.but(optimizer__name="adam"),
    "SGD with momentum and clipping": SMALL.but(optimizer__name="sgd", optimizer__momentum=0.9, optimizer__clip=0.1),
    "kinds of rows": SMALL.but(task__operation="multiply", batch_size=None),
    "biases and an equals token": SMALL.but(task__format="a b =", architecture__biases="all"),
    "a perceptron on one-hot vectors": SMALL.but(architecture=SQUARES, loss="squared", batch_size=None),
    "columns picked, labels wrong": SMALL.but(task__p=37, architecture=SQUARES, loss="stablemax", corrupted=0.5),
    "embeddings, noisy labels, growing batches": SMALL.but(
        architecture=SQUARES | {"embedding": 8, "layers": 2, "biases": True}, label_noise=0.2, label_smoothing=0.1,
        batch_size_schedule={"knots": [[0, 1.0], [10, 1.0], [10, 2.0]]},
    ),
    "Lion, noise on gradients": SMALL.but(
        optimizer__name="lion", optimizer__gradient_noise=0.1, optimizer__weight_decay_on="matrices"
    ),
    "Muon, gradients orthogonal to weights": SMALL.but(
        optimizer__name="muon", optimizer__momentum=0.9, optimizer__orthogonal="matrices"
    ),
    "motion": SMALL.but(motion=True),
    "spectral contrast": SMALL.but(spectral_contrast=True),
    "averaged gradients": SMALL.but(optimizer__gradient_filter={"kind": "moving-average", "window": 5}),
    "filtered gradients, a held norm": SMALL.but(
        optimizer__gradient_filter={"kind": "exponential"}, optimizer__hold_norm="all", optimizer__hold_from=5
    ),
}  # fmt: skip


def same_as_the_cpu(device: torch.device) -> None:
    """In double precision every recipe gives the history that the CPU gives."""
    for name, recipe in RECIPES.items():
        _alike(name, train(recipe, device=device, progress=False), train(recipe, progress=False), 1e-9)


def a_stack_is_its_members(device: torch.device) -> None:
    """Members with their own seeds, rates and decays, in fewer slots than members, are what each is alone."""
    for name, recipe in RECIPES.items():
        recipes = [
            recipe.but(seed=seed, optimizer__learning_rate=rate, optimizer__weight_decay=decay)
            for seed, rate, decay in [(0, 0.01, 1.0), (1, 0.003, 0.0), (1, 0.01, 0.3)]
        ]
        stacked = {run.experiment: run for run in train_stack([Member(one) for one in recipes], slots=2, device=device)}
        for one in recipes:
            _alike(name, stacked[one], train(one, device=device, progress=False), 1e-9)


def precisions_agree(device: torch.device) -> None:
    """Over the first steps, lower precisions stay near double precision, as coarsely as they round."""
    for precision, tolerance in [("float32", 1e-3), ("tf32", 5e-2), ("bfloat16", 2e-1)]:
        short = SMALL.but(steps=10)
        _alike(
            precision,
            train(short.but(precision=precision), device=device, progress=False),
            train(short, progress=False),
            tolerance,
        )


def a_loss_that_is_not_finite_ends_its_run_only(device: torch.device) -> None:
    """A member whose first logits overflow has a run without rows, and leaves the others as they are alone."""
    tame = SMALL.but(architecture__norm="none", architecture__layers=4, precision="float32")
    wild = tame.but(architecture__init_scale=1e4)
    runs = {run.experiment: run for run in train_stack([Member(wild), Member(tame)], device=device)}
    assert (runs[wild].status, len(runs[wild].history)) == ("diverged", 0), f"{runs[wild].status}, {runs[wild].history}"
    _alike("beside a diverging run", runs[tame], train(tame, device=device, progress=False), 1e-3)


CHECKS: dict[str, Callable[[torch.device], None]] = {
    check.__name__.replace("_", " "): check
    for check in (
        same_as_the_cpu,
        a_stack_is_its_members,
        precisions_agree,
        a_loss_that_is_not_finite_ends_its_run_only,
    )
}


def _alike(name: str, run: Run, other: Run, tolerance: float) -> None:
    columns = ["train_loss", "test_loss", "train_signal", "rule_share_train", "weight_norm"]
    columns += ["spectral_contrast"] * run.experiment.spectral_contrast
    assert len(run.history) == len(other.history), f"{name}: {len(run.history)} rows, not {len(other.history)}"
    one, two = (np.asarray(pd.DataFrame(r.history)[columns], dtype=float) for r in (run, other))
    difference = float(np.max(np.abs(one - two) / (1 + np.abs(two))))
    assert difference < tolerance, f"{name}: differs by {difference:.1e}; at most {tolerance:.0e} is allowed"
