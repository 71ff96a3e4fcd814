"""The checks of a device, on every device that is here."""

import pytest

from grokmodels.engine.checks import CHECKS


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS)
def test_it_holds_here(check, device):
    CHECKS[check](device)
