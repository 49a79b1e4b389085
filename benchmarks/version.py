"""Another version of skreg in the same process."""

import importlib
import sys
from contextlib import contextmanager
from pathlib import Path


class Version:
    """The skreg of another checkout.

    Modules find each other in ``sys.modules``, some only when a function is called. So
    those of this version take the place of the present one's while its code runs.
    """

    def __init__(self, folder):
        self._folder = Path(folder).resolve()
        self._modules = {}
        with self.active():
            skreg = importlib.import_module("skreg")
        if not Path(skreg.__file__).is_relative_to(self._folder):
            raise FileNotFoundError(f"There is no skreg in {folder}.")
        self.RegMLPClassifier = skreg.RegMLPClassifier

    @contextmanager
    def active(self):
        """Return a context in which ``import skreg`` finds this version."""
        others = _take_modules()
        sys.modules.update(self._modules)
        sys.path.insert(0, str(self._folder))
        try:
            yield
        finally:
            sys.path.remove(str(self._folder))
            self._modules = _take_modules()
            sys.modules.update(others)


def _take_modules():
    """Remove skreg's modules from ``sys.modules`` and return them."""
    names = [name for name in sys.modules if name.partition(".")[0] == "skreg"]
    return {name: sys.modules.pop(name) for name in names}
