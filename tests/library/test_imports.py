"""What a plain import costs."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["grokmodels", "grokmodels.experiment", "grokmodels.measures", "grokmodels.results"])
def test_importing_does_not_bring_torch(module):
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
