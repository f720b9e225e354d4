"""The README and the pages of the site: their Python code, what it prints, and the API's names."""

import contextlib
import io
import re
import warnings
from pathlib import Path

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", flags=re.DOTALL)
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [
        ROOT / "README.md",
        ROOT / "docs/index.md",
        ROOT / "docs/getting_started.md",
        *sorted((ROOT / "docs/guide").glob("*.md")),
        *sorted((ROOT / "docs/coming_from").glob("*.md")),
    ]
}
API = re.findall(
    r"^   ([A-Za-z]\w*)$",
    "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs/api").glob("*.rst")),
    flags=re.MULTILINE,
)
GUIDE = "".join(text for page, text in PAGES.items() if page.startswith("docs/guide/"))


def printed_by(code, names):
    """What code prints, and the warnings that it gives, each as "Category: message"."""
    printed = io.StringIO()

    def show(message, category, *place):
        print(f"{category.__name__}: {message}")

    with contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show
        exec(code, names)
    return printed.getvalue()
