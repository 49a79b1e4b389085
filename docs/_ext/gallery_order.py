"""The order of the examples in the gallery."""


class FiguresFirst:
    """The quickstart, then the examples with figures, then those that print."""

    def __init__(self, src_dir):
        pass

    def __call__(self, filename):
        """Return what to sort by."""
        return filename != "quickstart.py", not filename.startswith("plot_"), filename
