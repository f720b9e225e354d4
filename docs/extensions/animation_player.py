"""Players of animations without the icons that they would load from another host."""

import re

from docutils import nodes

ICONS = re.compile(r'<link rel="stylesheet"\s+href="https?://[^"]*font-awesome[^"]*">')


def remove_icons(app, doctree):
    """Leave the icons of the players to those of the theme."""
    for raw in doctree.findall(nodes.raw):
        if "font-awesome" in raw.astext():
            text = ICONS.sub("", raw.astext())
            raw.replace_self(nodes.raw("", text, format="html"))


def setup(app):
    app.connect("doctree-read", remove_icons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
