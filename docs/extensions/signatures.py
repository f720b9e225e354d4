"""The parameters of classes whose ``__new__`` takes any, to name the cure for those it has not."""

import inspect


def show_parameters(app, what, name, obj, options, signature, returns):
    """Replace ``(*args, **parameters)``, which Sphinx takes from ``__new__``."""
    if what != "class" or not (signature or "").startswith("(*args, **parameters"):
        return None
    empty = inspect.Parameter.empty
    parameters = inspect.signature(obj).parameters.values()
    return str(inspect.Signature([one.replace(annotation=empty) for one in parameters])), returns


def setup(app):
    app.connect("autodoc-process-signature", show_parameters)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
