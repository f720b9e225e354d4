"""A progress bar on a terminal or in a notebook, where rich is installed."""

from contextlib import contextmanager
from importlib.util import find_spec


@contextmanager
def progress(description):
    """Yield ``report(done, total)``, where done counts from 0; yield None without rich.

    Parameters
    ----------
    description : str
        Text before the bar.
    """
    if find_spec("rich") is None:
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    is_visible = console.is_terminal or console.is_jupyter
    with Progress(console=console, transient=True, disable=not is_visible) as bar:
        task = bar.add_task(description, total=None)
        yield lambda done, total: bar.update(task, completed=done + 1, total=total)
