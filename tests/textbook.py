"""Training one run as a textbook does: its network, ``torch.optim``, a batch at a time. The oracle of the engine."""

import numpy as np
import torch

from grokmodels.engine.losses import loss_of
from grokmodels.engine.textbook import textbook


class Textbook:
    """One run in training; ``model`` is its network."""

    def __init__(self, experiment):
        self.experiment, task = experiment, experiment.task
        dtype = torch.float64 if experiment.precision == "float64" else torch.float32
        self.model = textbook(experiment.architecture, task, experiment.seeds.init).to(dtype)
        self.optimizer = torch_optimizer(experiment.optimizer, self.model.named_parameters())
        self.beside = Beside(experiment, list(self.model.parameters()))
        self.inputs = torch.as_tensor(task.inputs)
        self.labels = torch.as_tensor(experiment.labels(experiment.split))
        self.batches = batches(experiment)
        self.steps = 0

    def step(self):
        recipe, rows = self.experiment.optimizer, next(self.batches)
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.learning_rate * recipe.learning_rate_schedule(self.steps)
            group["weight_decay"] = group["decays"] * recipe.weight_decay * recipe.weight_decay_schedule(self.steps)
        self.optimizer.zero_grad()
        loss_of(self.experiment)(self.model(self.inputs[rows]), self.labels[rows]).mean().backward()
        self.beside.before(self.steps)
        self.optimizer.step()
        self.beside.after(self.steps)
        self.steps += 1


def torch_optimizer(recipe, named):
    """That of ``torch.optim``, or one of its kind; the rate and the decay are set at every step."""
    groups = [
        {
            "params": [x],
            "decays": recipe.weight_decay_on == "all" or x.ndim >= 2,
            "hidden": name.startswith(("blocks.", "hidden.")),
        }
        for name, x in named
    ]
    if recipe.name == "sgd":
        return torch.optim.SGD(groups, lr=0.0, momentum=recipe.momentum)
    if recipe.name == "lion":
        return Lion(groups, {"betas": recipe.betas})
    if recipe.name == "muon":
        return Muon(groups, recipe)
    kind = torch.optim.AdamW if recipe.name == "adamw" else torch.optim.Adam
    return kind(groups, lr=0.0, betas=recipe.betas, eps=recipe.epsilon)


class Lion(torch.optim.Optimizer):
    """Algorithm 2 of Chen et al. 2023 (arXiv:2302.06675)."""

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for x in group["params"]:
                m = self.state[x].get("m", torch.zeros_like(x))
                update = torch.sign(beta1 * m + (1 - beta1) * x.grad)
                self.state[x]["m"] = beta2 * m + (1 - beta2) * x.grad
                x -= group["lr"] * (update + group["weight_decay"] * x)


class Muon(torch.optim.Optimizer):
    """That of Liu et al. 2025 (arXiv:2502.16982) for the matrices in blocks, AdamW for the others."""

    def __init__(self, groups, recipe):
        hidden = [group for group in groups if group["hidden"] and group["params"][0].ndim == 2]
        others = [group for group in groups if not (group["hidden"] and group["params"][0].ndim == 2)]
        super().__init__(hidden, {"momentum": recipe.momentum})
        self.adamw = torch.optim.AdamW(others, lr=0.0, betas=recipe.betas, eps=recipe.epsilon)
        self.param_groups = self.param_groups + self.adamw.param_groups

    @torch.no_grad()
    def step(self):
        self.adamw.step()
        for group in self.param_groups:
            for x in group["params"] if "momentum" in group else []:
                mu = group["momentum"]
                m = self.state[x]["m"] = mu * self.state[x].get("m", torch.zeros_like(x)) + x.grad
                scale = 0.2 * max(x.shape) ** 0.5
                x -= group["lr"] * (scale * near_orthogonal((1 - mu) * (x.grad + mu * m)) + group["weight_decay"] * x)


def near_orthogonal(matrix):
    """A matrix whose singular values Muon's polynomial has changed five times."""
    u, s, vh = torch.linalg.svd(matrix, full_matrices=False)
    s = s / s.square().sum().sqrt().clamp(min=1e-7)
    for _ in range(5):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return u @ torch.diag(s) @ vh


class Beside:
    """What a recipe does to gradients before the optimizer's step, and to weights after it."""

    def __init__(self, experiment, parameters):
        self.recipe, self.parameters = experiment.optimizer, parameters
        seed = np.random.SeedSequence([experiment.seeds.batch, 2]).generate_state(1, np.uint64)
        self.generator = torch.Generator().manual_seed(int(seed[0]))
        self.past, self.average = [], None

    def before(self, step):
        if self.recipe.gradient_noise:
            self.noise(self.recipe.gradient_noise * self.recipe.gradient_noise_schedule(step))
        for group in self.groups(self.recipe.orthogonal):
            self.project(group)
        if self.recipe.gradient_filter is not None:
            self.filter(self.recipe.gradient_filter)
        if self.recipe.clip is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters, self.recipe.clip)
        if step <= self.recipe.hold_from:
            self.norms = self.measure()

    @torch.no_grad()
    def after(self, step):
        if step >= self.recipe.hold_from:
            groups = self.groups(self.recipe.hold_norm)
            for group, norm, now in zip(groups, self.norms, self.measure(), strict=True):
                for x in group:
                    x *= norm / now

    def groups(self, kind):
        """The parameters that are one vector together."""
        if kind is None:
            return []
        return [self.parameters] if kind == "all" else [[x] for x in self.parameters if x.ndim >= 2]

    def measure(self):
        return [torch.cat([x.detach().flatten() for x in group]).norm() for group in self.groups(self.recipe.hold_norm)]

    def noise(self, size):
        whole = torch.randn(sum(x.numel() for x in self.parameters), generator=self.generator)
        for x, part in zip(self.parameters, whole.split([x.numel() for x in self.parameters]), strict=True):
            x.grad += size * part.view_as(x).to(x.dtype)

    @torch.no_grad()
    def project(self, group):
        parallel = sum((x * x.grad).sum() for x in group) / sum((x * x).sum() for x in group)
        for x in group:
            x.grad -= parallel * x

    def filter(self, recipe):
        now = [x.grad.clone() for x in self.parameters]
        if recipe.kind == "exponential":
            before = self.average or now
            self.average = [recipe.decay * h + (1 - recipe.decay) * g for h, g in zip(before, now, strict=True)]
            added = self.average
        else:
            self.past = [*self.past, now][-recipe.window :]
            if len(self.past) < recipe.window:
                return
            added = [sum(each) / recipe.window for each in zip(*self.past, strict=True)]
        for x, extra in zip(self.parameters, added, strict=True):
            x.grad += recipe.strength * extra


def batches(experiment):
    """Training rows, shuffled anew each epoch; what is left over after the last whole batch is not used."""
    rows, schedule, step = torch.as_tensor(experiment.split.train), experiment.batch_size_schedule, 0
    size = experiment.batch_size
    generator = torch.Generator().manual_seed(experiment.seeds.batch)
    while True:
        if size is None:
            yield rows
            continue
        order = rows[torch.randperm(len(rows), generator=generator)].tolist()
        while len(order) >= (now := round(size * schedule(step))):
            batch, order = order[:now], order[now:]
            yield torch.tensor(batch)
            step += 1
