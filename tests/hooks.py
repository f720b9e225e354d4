"""Callbacks of scikit-learn's protocol that the tests share."""


class EpochHook:
    """A callback without the other hooks; a subclass adds `on_fit_task_end`."""

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass


class Press(EpochHook):
    """A callback that presses Ctrl-C at the end of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch" and context.task_id + 1 == self.epoch:
            raise KeyboardInterrupt
