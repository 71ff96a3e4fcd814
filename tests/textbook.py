"""Training one run as a textbook does: its network, ``torch.optim``, a batch at a time. The oracle of the engine."""

import torch

from grokmodels.engine.losses import loss_of
from grokmodels.engine.textbook import textbook


class Textbook:
    """One run in training; ``model`` is its network."""

    def __init__(self, experiment):
        self.experiment, task = experiment, experiment.task
        dtype = torch.float64 if experiment.precision == "float64" else torch.float32
        self.model = textbook(experiment.architecture, task, experiment.seeds.init).to(dtype)
        self.optimizer = torch_optimizer(experiment.optimizer, self.model.parameters())
        self.inputs = torch.as_tensor(task.inputs)
        self.labels = torch.as_tensor(experiment.labels(experiment.split))
        self.batches = batches(experiment)
        self.steps = 0

    def step(self):
        recipe, group, rows = self.experiment.optimizer, self.optimizer.param_groups[0], next(self.batches)
        group["lr"] = recipe.learning_rate * recipe.learning_rate_schedule(self.steps)
        group["weight_decay"] = recipe.weight_decay * recipe.weight_decay_schedule(self.steps)
        self.optimizer.zero_grad()
        loss_of(self.experiment, self.model(self.inputs[rows]), self.labels[rows]).mean().backward()
        if recipe.clip is not None:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), recipe.clip)
        self.optimizer.step()
        self.steps += 1


def torch_optimizer(recipe, parameters):
    """That of ``torch.optim``; the rate and the decay are set at every step."""
    if recipe.name == "sgd":
        return torch.optim.SGD(parameters, lr=0.0, momentum=recipe.momentum)
    kind = torch.optim.AdamW if recipe.name == "adamw" else torch.optim.Adam
    return kind(parameters, lr=0.0, betas=recipe.betas, eps=recipe.epsilon)


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
