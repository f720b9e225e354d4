"""A progress bar, where rich is installed and there is a screen to show it on."""

from contextlib import contextmanager
from importlib.util import find_spec


@contextmanager
def progress(description):
    """Yields ``report(done, total)``, done counting from 0; None without rich.

    Parameters
    ----------
    description : str
        Stands before the bar.
    """
    if find_spec("rich") is None:
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    shown = console.is_terminal or console.is_jupyter
    with Progress(console=console, transient=True, disable=not shown) as bar:
        task = bar.add_task(description, total=None)
        yield lambda done, total: bar.update(task, completed=done + 1, total=total)
