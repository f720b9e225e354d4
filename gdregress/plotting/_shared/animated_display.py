"""What every display whose picture can move has in common."""

from gdregress.plotting._shared.frames import animation_of, chosen_frames


class AnimatedDisplay:
    """A display whose picture can move: it has ``n_frames`` and ``_show_frame``."""

    unit = "epoch"
    # What the legend calls the head of a path.
    _head_name = "end"

    def animate(self, ax=None, *, frames=100, interval=50, **plot_options):
        """Draw the picture and let it move, from the start of the descent to its end.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; a new figure if None.
        frames : int, default=100
            Most frames. A longer run is thinned out, less so at its beginning; the first and
            the last point are always shown.
        interval : float, default=50
            Milliseconds between two frames.
        **plot_options
            Passed to `plot`.

        Returns
        -------
        animation : matplotlib.animation.FuncAnimation
            Keep it in a variable while it runs. The layout of its figure is fixed. In a
            notebook show it with ``IPython.display.HTML(animation.to_jshtml())``;
            `save_animation` writes files.

        Raises
        ------
        ValueError
            If the display holds no path.
        """
        chosen = chosen_frames(self._checked_frames(), frames)
        self._plot_to_move(ax, **plot_options)

        def show(index):
            self._show_frame(index)
            self._announce(self._title(index))

        return animation_of(self.figure_, show, chosen, interval)

    def _checked_frames(self):
        if not self.n_frames:
            raise ValueError(
                f"This {type(self).__name__} holds no path that could move. Fit with "
                "store_path=True, or pass a path."
            )
        return self.n_frames

    def _plot_to_move(self, ax, **plot_options):
        self._head_name = "now"
        try:
            self.plot(ax, **plot_options)
        finally:
            self._head_name = "end"

    def _announce(self, text):
        self.ax_.set_title(text)

    def _title(self, index):
        return f"{self.unit} {index} of {self.n_frames - 1}"
