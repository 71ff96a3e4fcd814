"""The checks of a device, on every device that is here."""

import pytest
import torch

from grokmodels.engine.checks import CHECKS


@pytest.mark.parametrize("check", CHECKS)
def test_on_a_core(check):
    CHECKS[check](torch.device("cpu"))


@pytest.mark.gpu
@pytest.mark.parametrize("check", CHECKS)
def test_on_a_gpu(check):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    CHECKS[check](torch.device("cuda"))
