"""The site: ``pip install -e ".[docs]" && python -m sphinx -W -b html docs docs/_build``."""

import os
import sys
from pathlib import Path

os.environ["SCIPY_ARRAY_API"] = "1"  # SciPy's switch for tensors, read when it is imported
sys.path.insert(0, str(Path(__file__).parent / "extensions"))

import matplotlib

matplotlib.use("Agg")

import gdregress

project = "gdregress"
author = "the gdregress developers"
copyright = f"2026, {author}"
version = release = gdregress.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
    "parameter_groups",
    "signatures",
    "animation_player",
    "mathml",
]
exclude_patterns = ["_build", "gallery/*.py.md5", "**/*.ipynb"]
templates_path = ["_templates"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
default_role = "py:obj"

# API
autosummary_generate = True
autodoc_typehints = "none"  # the docstrings have them in words
numpydoc_show_class_members = False
numpydoc_validation_checks = {
    "all",
    # what is not asked of every docstring here: sections where there is nothing to say
    "ES01",
    "EX01",
    "SA01",
    # docstrings begin on their first line, often with an equation
    "GL01",
    "SS02",
    "SS03",
    "SS05",
    "SS06",
    # results have names where those say something, and else no description
    "RT02",
    "RT03",
}
add_module_names = False
toc_object_entries_show_parents = "hide"  # the names of classes do not fit
html_math_renderer = "mathml"

# gallery, in the order of a course
LESSONS = [
    "plot_functions_of_one_variable.py",
    "plot_one_neuron.py",
    "plot_geothermal_gradient.py",
    "plot_line_through_points.py",
    "plot_learning_rates.py",
    "plot_scaling.py",
    "plot_batch_stochastic_mini_batch.py",
    "plot_mini_batches.py",
    "plot_batches_and_optimizers.py",
    "plot_schedules.py",
    "plot_ill_conditioned_valley.py",
    "plot_penalties.py",
    "plot_choosing.py",
    "plot_robust_losses.py",
    "plot_counts_and_amounts.py",
    "plot_classes.py",
    "plot_early_stopping.py",
    "plot_streams.py",
    "plot_small_network.py",
    "plot_callbacks.py",
    "plot_own_loss.py",
    "plot_beside_sgdregressor.py",
]
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"flight_delays|benchmarks",
    "within_subsection_order": LESSONS.index,
    "capture_repr": (),  # lessons print what they show
    "matplotlib_animations": True,
    "abort_on_example_error": True,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1000,
    "write_computation_times": False,  # a page that loads scripts from elsewhere
    "plot_gallery": "True",
}

# pages
html_theme = "pydata_sphinx_theme"
html_title = "gdregress"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "show_prev_next": True,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"getting_started": []}  # a section of one page
html_context = {"default_mode": "auto"}
html_copy_source = False
html_show_sourcelink = False
