"""gdregress.plotting shows its public names only, and imports matplotlib only to draw."""

import subprocess
import sys
from pathlib import Path

import gdregress.plotting


def test_dir_shows_the_public_names_and_nothing_else():
    assert dir(gdregress.plotting) == sorted(gdregress.plotting.__all__)


def test_every_name_can_be_imported_from_a_public_file():
    files = Path(gdregress.plotting.__file__).parent.glob("[!_]*.py")
    modules = [sys.modules[f"gdregress.plotting.{file.stem}"] for file in files]
    for name in gdregress.plotting.__all__:
        public = getattr(gdregress.plotting, name)
        assert any(getattr(module, name, None) is public for module in modules), name


def test_importing_loads_no_matplotlib():
    code = "import sys, gdregress.plotting; print('matplotlib' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"
