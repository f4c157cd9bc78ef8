"""The pure modules of the explorer's script, tested by node. Browsers test the rest."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
WIDGETS = HERE.parents[1] / "mfwidgets" / "widgets"

needs_node = pytest.mark.skipif(
    shutil.which("node") is None and not os.environ.get("CI"), reason="no node on this machine (CI installs it)"
)


@needs_node
@pytest.mark.parametrize("name", sorted(file.name for file in (HERE / "modules").glob("*.test.mjs")))
def test_modules(name, tmp_path):
    for folder in ("static", "explorer/static"):
        shutil.copytree(WIDGETS / folder, tmp_path / folder)
    (tmp_path / "package.json").write_text('{"type": "module"}')  # otherwise node takes .js for another kind of module
    shutil.copy(HERE / "modules" / name, tmp_path)
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap", name], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "# pass 0" not in done.stdout
