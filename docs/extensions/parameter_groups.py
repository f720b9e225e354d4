"""The parameters of the estimators in groups, each under a caption, instead of in one list."""

# the first parameter of each group, in the order of the signatures
CAPTIONS = {
    "loss": "What is minimised",
    "solver": "Rows of an update",
    "optimizer": "The step",
    "preconditioner": "Columns",
    "max_iter": "The end of the run",
    "average": "What is returned, and how the run is made",
}
ESTIMATORS = ("gdregress.GDRegressor", "gdregress.GDClassifier")


def insert_captions(app, what, name, obj, options, lines):
    """Insert the captions into what numpydoc has made of the docstring."""
    if name not in ESTIMATORS or what != "class":
        return
    first = lines.index(":Parameters:")
    last = next(i for i in range(first + 1, len(lines)) if lines[i].startswith(":"))
    found = []
    for index in range(last - 1, first, -1):
        parameter = lines[index].strip().partition("**")[2].partition("**")[0]
        if lines[index].startswith("    **") and parameter in CAPTIONS:
            lines[index:index] = [f"    .. rubric:: {CAPTIONS[parameter]}", ""]
            found.append(parameter)
    if set(found) != CAPTIONS.keys():
        raise ValueError(f"{name} has no parameter {CAPTIONS.keys() - set(found)}")


def setup(app):
    app.connect("autodoc-process-docstring", insert_captions, priority=900)  # after numpydoc
    return {"parallel_read_safe": True, "parallel_write_safe": True}
