"""Small invented runs with the shape of recorded ones, for the tests of explorables and figures."""

from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd

from grokmodels import Schedule
from grokmodels.explorables import (
    Chart,
    Choice,
    Clock,
    Collapse,
    Controlled,
    Desk,
    Diagram,
    Escape,
    Explorable,
    Family,
    Frequencies,
    GrokkingCurve,
    Guess,
    Hysteresis,
    Lamps,
    Landscape,
    Motion,
    PhaseDiagram,
    Program,
    Race,
    Readout,
    RecipeMap,
    Replay,
    Schedules,
    Slider,
    World,
    grid,
    guessed,
)
from grokmodels.forecasts.outlook import Surface, Surfaces

P, WIDTH, FREQUENCY = 97, 16, 14


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(x, dtype=float)))


def history(steps=range(0, 1525, 25), t_mem=150, t_gen=900, seed=0):
    steps = np.array(list(steps))
    noise = np.random.default_rng(seed).normal(0, 0.004, len(steps))
    share = np.clip(0.0006 * np.exp(steps / t_gen * 6.5), 0, None)
    return pd.DataFrame(
        {
            "step": steps,
            "train_accuracy": np.clip(sigmoid((steps - t_mem) / (t_mem / 8)) + noise, 0, 1),
            "test_accuracy": np.clip(sigmoid((steps - t_gen) / (t_gen / 20)) + 0.01 + noise, 0, 1),
            "train_loss": 4.5 * np.exp(-steps / t_mem),
            "test_loss": 4.5 + 3 * sigmoid((steps - t_mem) / 50) - 7.4 * sigmoid((steps - t_gen) / 50),
            "weight_norm": 30 + 14 * sigmoid((steps - t_mem) / 60) - 20 * sigmoid((steps - t_gen) / 120),
            "rule_share": share / (1 + share),
        }
    )


def circle(radius=1.0, frequency=FREQUENCY, p=P, width=WIDTH, seed=0):
    """A perfect circle in a random plane, (p, width)."""
    plane, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(width, 2)))
    angle = 2 * np.pi * frequency * np.arange(p) / p
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1) @ plane.T


def embeddings(steps=range(0, 1525, 25), t_gen=900):
    random = np.random.default_rng(1).normal(0, 0.25, (P, WIDTH))
    return {
        step: (random * (1 - 0.7 * sigmoid((step - t_gen) / 100)) + circle() * sigmoid((step - t_gen) / 120)).astype(
            np.float32
        )
        for step in steps
    }


def replay(**changes):
    return Replay(**({"history": history(), "embeddings": embeddings(), "step": 800} | changes))


DECAYS = [0.0, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0]


def family_tables(decays=DECAYS, seeds=10, budget=20_000):
    runs, times = [], []
    for decay in decays:
        for seed in range(seeds):
            jitter = 1 + 0.15 * np.random.default_rng(int(100 * decay) + 1000 * seed).normal()
            t_mem, t_gen = round(250 * (1 + 0.2 * (jitter - 1))), (round(950 * jitter / decay) if decay else 10**9)
            run = history(np.unique(np.geomspace(25, budget, 200).round(-1)).astype(int), t_mem, t_gen, seed)
            runs.append(run[["step", "train_accuracy", "test_accuracy"]].assign(weight_decay=decay, seed=seed))
            times.append(
                {
                    "weight_decay": decay,
                    "seed": seed,
                    "t_mem": t_mem,
                    "t_mem_censored": False,
                    "t_gen": min(t_gen, budget),
                    "t_gen_censored": t_gen > budget,
                }
            )
    return pd.concat(runs, ignore_index=True), pd.DataFrame(times)


def family(**changes):
    runs, times = family_tables()
    return Family(**({"history": runs, "milestones": times} | changes))


FRACTIONS = [0.25, 0.4, 0.5, 0.9]


def diagram_tables(fractions=FRACTIONS, decays=(0.1, 0.5, 1.0, 4.0), seeds=3, budget=3000):
    """Runs that generalize above a fraction of 0.4, the later the nearer; none memorizes at decay 4."""
    histories, runs = [], []
    for fraction in fractions:
        for decay in decays:
            for seed in range(seeds):
                t_gen = round((60 + 5 * seed) / decay / (fraction - 0.4)) if fraction > 0.4 else 10**9
                censored = t_gen > budget or decay == 4
                run = history(range(0, budget + 50, 50), 100 if decay < 4 else 10**9, t_gen, seed)
                run = run[["step", "train_accuracy", "test_accuracy"]]
                run = run[run["step"] <= t_gen + 300]
                name = "collapse" if decay == 4 else "memorization" if censored else "grokking"
                place = {"fraction": fraction, "weight_decay": decay, "seed": seed}
                histories.append(run.assign(**place))
                runs.append(place | {"t_gen": min(t_gen, budget), "censored": censored, "phase": name})
    return pd.concat(histories, ignore_index=True), pd.DataFrame(runs)


def diagram(**changes):
    histories, runs = diagram_tables()
    return Diagram(**({"history": histories, "runs": runs} | changes))


PLANS = {
    "constant": (1.0, Schedule.constant()),
    "late": (1.0, Schedule.delayed(1500)),
    "paused": (1.0, Schedule.paused(400, 1400)),
    "weak": (0.3, Schedule.constant()),
    "pulsed": (1.0, Schedule.pulsed(400, 200)),
}


def schedule_tables(plans=None, seeds=5, turn=3.0, rate=0.003):
    """Runs under every schedule that turn at one accumulated decay, or a little later with the seed."""
    histories, runs = [], []
    for name, (decay, schedule) in (plans or PLANS).items():
        steps = np.arange(0, 6050, 50)
        clock = rate * decay * np.cumsum([0.0, *(schedule(step) for step in range(6000))])[steps]
        for seed in range(seeds):
            own = turn * (1 + 0.05 * seed)
            at = int(np.argmax(clock >= own))
            accuracy = sigmoid((clock - own) / 0.1)
            columns = {"step": steps, "decay_time": clock, "test_accuracy": accuracy}
            histories.append(pd.DataFrame(columns).assign(schedule=name, seed=seed).iloc[: at + 5])
            runs.append(
                {"schedule": name, "seed": seed, "t_gen": steps[at], "clock": clock[at], "t_gen_censored": False}
            )
    return pd.concat(histories, ignore_index=True), pd.DataFrame(runs)


def schedules(**changes):
    histories, runs = schedule_tables()
    return Schedules(**({"history": histories, "milestones": runs, "schedules": PLANS, "turn": 3.0} | changes))


RULE = (3, 5, 2)


def few(p=23, steps=(0, 50, 100, 200), most=6):
    """Three frequencies that grow to shares of 3/6, 2/6 and 1/6, and answer earlier than the whole network."""
    shares = np.zeros(p // 2)
    shares[np.array(RULE) - 1] = [3 / 6, 2 / 6, 1 / 6]
    rank = np.argsort(np.argsort(-shares, kind="stable"), kind="stable") + 1
    rows = [
        {
            "step": step,
            "share": (shares * step / steps[-1]).tolist(),
            "rank": rank.tolist(),
            "network": 1 / p + (1 - 1 / p) * (step / steps[-1]) ** 3,
            "kept": [1 / p + (1 - 1 / p) * step / steps[-1] * min(n, 3) / 3 for n in range(most + 1)],
        }
        for step in steps
    ]
    return pd.DataFrame(rows)


def frequencies(**changes):
    return Frequencies(**({"runs": {"p = 23": few(), "p = 19": few(p=19)}} | changes))


def points(exponent=0.5, noise=0.0):
    """Steps that fall together at this exponent of the size p², with f_c = 0.5 · (p/23)^−0.8, but for noise."""
    draw, rows = np.random.default_rng(0), []
    for p in (17, 23, 31, 43):
        critical = 0.5 * (p / 23) ** -0.8
        for x in np.linspace(-0.5, 0.5, 9) + noise * draw.normal(size=9):
            z = 8 * x * (p / 23) ** (2 * exponent)
            mean, error = 1 / (1 + np.exp(-z)) + noise * draw.normal(), 0.02 + noise * draw.random()
            rows.append({"p": p, "fraction": critical * np.exp(x), "mean": mean, "error": error})
    # No more digits than are kept.
    return pd.DataFrame(rows).round(3)


def collapse(**changes):
    return Collapse(**({"points": points()} | changes))


def loops(steps=(1000, 4000), seeds=2):
    """Loops that halve with every factor of four in the steps."""
    fraction = np.linspace(0.24, 0.6, 10)
    rows = []
    for steps_ in steps:
        for seed in range(seeds):
            width = 0.1 * (1000 / steps_) ** 0.5 + 0.01 * seed
            down, up = (1 / (1 + np.exp(-40 * (fraction - 0.4 + shift))) for shift in (width / 2, -width / 2))
            rows.append(pd.DataFrame({"steps": steps_, "seed": seed, "fraction": fraction, "down": down, "up": up}))
    return pd.concat(rows)


def hysteresis(**changes):
    return Hysteresis(**({"loops": loops()} | changes))


def lamp_tables(decays=tuple(0.5 * k for k in range(17))):
    """Two networks whose skills turn at known times, a little earlier than alone."""
    networks, skills, means = {"2 equal": (3.0, 3.2), "4 unequal": (2.0, 2.6, 3.6, 5.5)}, [], []
    for network, waits in networks.items():
        for skill, wait in enumerate(waits, start=1):
            own = {"network": network, "skill": skill, "fraction": round(0.6 / skill, 2), "decay_time": decays}
            accuracy = sigmoid(5 * (np.array(decays) - 0.8 * wait)).round(4)
            skills.append(pd.DataFrame(own | {"accuracy": accuracy}))
        alone = np.mean([sigmoid(5 * (np.array(decays) - wait)) for wait in waits], axis=0).round(4)
        means.append(pd.DataFrame({"network": network, "decay_time": decays, "alone": alone}))
    return pd.concat(skills, ignore_index=True), pd.concat(means, ignore_index=True)


def lamps(**changes):
    skills, means = lamp_tables()
    return Lamps(**({"skills": skills, "means": means} | changes))


# The weakest decay of two optimizers and the wait there, the factor between levels, and the power of the decay in it.
RACERS = {"AdamW": (0.1, 4000, 3.0, -1.0), "Adam + L2": (1e-4, 5000, 10.0, -0.25)}


def race_runs(levels=4, seeds=5, budget=20_000):
    """Runs whose wait goes as a power of their decay; none generalizes without."""
    rows = []
    for lane, (weakest, wait, factor, power) in RACERS.items():
        for level in range(levels + 1):
            for seed in range(seeds):
                grown = factor ** (level - 1)
                t_gen = round(wait * grown**power) + 10 * seed if level else 10**9
                own = {"lane": lane, "level": level, "weight_decay": weakest * grown if level else 0.0, "seed": seed}
                times = {"t_mem": 150 + seed, "t_mem_censored": False, "t_gen": min(t_gen, budget)}
                rows.append(own | times | {"t_gen_censored": t_gen > budget})
    return pd.DataFrame(rows)


def race(**changes):
    return Race(**({"runs": race_runs(), "asked": "Adam + L2", "level": 2} | changes))


def recipe_surfaces():
    """Waits that fall with the data and grow with the depth, and memory that comes sooner with the rate."""
    low = (1, np.log(16), -1.0, 0.35, np.log(1 / 32), np.log(5e-4), np.log(0.05), 0.0)
    high = (4, np.log(64), 1.0, 0.9, 0.0, np.log(0.01), np.log(3.2), 1.0)
    draw = np.random.default_rng(0)
    slopes = draw.normal(0, 0.1, (2, 45))
    slopes[:, 0] = 5.5, 1.2
    slopes[0, 6], slopes[1, 4], slopes[1, 1] = -1.0, -1.0, 0.6
    return Surfaces(*(Surface(low, high, tuple(own), 0.3) for own in slopes))


def recipes_run(n=40):
    draw = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "learning_rate": 10 ** draw.uniform(-3.3, -2, n),
            "weight_decay": 10 ** draw.uniform(-1.3, 0.5, n),
            "layers": draw.integers(1, 5, n),
            "kind": draw.choice(["no end", "plateau", "no plateau"], n),
        }
    )


def recipe_map(**changes):
    return RecipeMap(**({"surfaces": recipe_surfaces(), "recorded": recipes_run()} | changes))


DESK = {1: (150, 900, False), 2: (100, 1500, True), 3: (200, 450, False)}


def desk_tables(moments=(1.5, 2.0, 4.0)):
    """Three runs, of which the second does not generalize, and two forecasters; one says "never" of the third."""
    runs, said = [], []
    for run, (t_mem, t_gen, censored) in DESK.items():
        own = history(t_mem=t_mem, t_gen=10**6 if censored else t_gen)
        what = {"run": run, "recipe": f"recipe {run}", "known": run == 1, "t_mem": t_mem, "t_gen": t_gen}
        share = np.linspace(-0.1, 0.9, len(own))
        runs.append(own.assign(m_hat=share, censored=censored, **what))
        for moment in moments:
            if moment * t_mem < t_gen:
                now = {"run": run, "moment": moment, "now": int(moment * t_mem)}
                said.append(now | {"forecaster": "always 1,000", "sees": "training", "forecast": 1000.0, "reach": 0.5})
                step = np.inf if run == 3 else now["now"]
                said.append(now | {"forecaster": "now", "sees": "held-out", "forecast": step, "reach": 1.0})
    return pd.concat(runs, ignore_index=True), pd.DataFrame(said)


def desk(**changes):
    runs, said = desk_tables()
    return Desk(**({"runs": runs, "forecasts": said} | changes))


def world(**changes):
    """One whose recording is short: half of the network's wait."""
    return World(**({"recorded": 500} | changes))


def computed():
    """Every explorable that has a kernel."""
    made = [Landscape(), Clock(), GrokkingCurve(), PhaseDiagram(), Escape(), Motion(), schedules(), collapse(), desk()]
    made += [recipe_map()]
    return {explorable.name: explorable for explorable in made}


class Power(Explorable):
    """A formula instead of a record: x to a power, undefined below zero; the smallest explorable there is."""

    exponent = Controlled()
    sign = Controlled()
    kernel = Program(Path(__file__).with_name("power.js"))

    def __init__(self, name="power"):
        x = alt.X("x:Q", title="x", scale=alt.Scale(domain=[0, 2]))
        y = alt.Y("y:Q", title=None, scale=alt.Scale(domain=[-8, 8]))
        curve = alt.Chart(alt.NamedData("curve")).transform_filter("revealed").mark_line().encode(x=x, y=y)
        super().__init__(
            name=name,
            title="A power",
            question="Where does it bend?",
            controls={
                "exponent": Slider("Exponent", grid(-1, 3, 0.5), initial=1.0, unit="·"),
                "sign": Choice("Sign", {"plus": "plus", "minus": "minus"}, initial="plus"),
            },
            charts={
                "curve": Chart(
                    alt.layer(curve, guessed("draw", x, y)),
                    "x to the {exponent}",
                    "A curve that ends at {end:.1f}, exponent {exponent}.",
                    height=120,
                    drag={},
                )
            },
            layout=("curve",),
            readout=(Readout("at {last}", "{end:.1f}", "{color}", none="nothing"),),
            presets={"Square": {"exponent": 2}, "Minus": {"sign": "minus"}},
            guess=Guess("curve", "draw", "Draw the square.", {"exponent": 2}, answer="It ends at {end:.1f}."),
            data={"axis": {"x": [0, 0.5, 1, 1.5, 2]}},
        )


PAGE = """<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Explorables</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="explorable.css">
<script defer src="vega.js"></script><script defer src="explorable.js"></script>
<style>body {{ max-width: 760px; margin: 0 auto; padding: 0 12px; font: 16px/1.6 system-ui, sans-serif }}
html[data-theme="dark"] body {{ background: #14181e; color: #ced6dd }}</style></head><body>
<p>Look at <a class="grok-set" href="#explorable-replay" data-explorable="replay" data-state='{{"step": 400}}'>step
400</a>: the plateau.</p>{}</body></html>"""


def page(*explorables):
    """A page like the book's, with the explorables' static markup."""
    return PAGE.format("".join(explorable.html() for explorable in explorables))
