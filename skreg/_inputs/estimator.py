"""The base of all estimators, and what to use for an unknown parameter name."""

from difflib import get_close_matches
from inspect import Parameter, signature

from sklearn.base import BaseEstimator

from skreg._training.callbacks import CallbackSupportMixin

_KEEP = "Use keep_prob, the probability of keeping a unit: 1 minus that of dropping it."
_RATE = "The initial rate is learning_rate_init; learning_rate names its schedule."
_EPOCHS = "Use max_iter, the maximum number of epochs."
_LAYERS = "Use hidden_layer_sizes, the units of each hidden layer."
_ALPHA = "Use alpha: the penalty is alpha / 2 times the sum of squares."
_PATIENCE = "Use n_iter_no_change, with early_stopping=True."
_BETA_1 = "Use momentum, which serves both solver='adam' and 'sgd'."
FAMILIAR = {
    "dropout": _KEEP,
    "dropout_rate": _KEEP,
    "lr": _RATE,
    "eta0": _RATE,
    "weight_decay": _ALPHA,
    "l2": _ALPHA,
    "epochs": _EPOCHS,
    "max_epochs": _EPOCHS,
    "n_epochs": _EPOCHS,
    "hidden_layers": _LAYERS,
    "hidden_units": _LAYERS,
    "beta_1": _BETA_1,
    "betas": f"{_BETA_1} The other one is beta_2.",
    "eps": "Use epsilon.",
    "nesterov": "Use nesterovs_momentum.",
    "optimizer": "Use solver: 'adam', 'sgd' or 'lbfgs'.",
    "patience": _PATIENCE,
    "early_stopping_rounds": _PATIENCE,
    "seed": "Use random_state.",
    "validation_split": "Use validation_fraction, with early_stopping=True.",
}
"""A hint on a network's parameters for each name from another library."""


class Estimator(CallbackSupportMixin, BaseEstimator):
    """Refuses unknown parameter names with a hint, and links to the documentation."""

    _doc_link_module = "skreg"
    _doc_link_template = (
        "https://skreg.readthedocs.io/en/stable/api/skreg.{estimator_name}.html"
    )

    def __new__(cls, *args, **kwargs):
        """Check the names of the parameters."""
        if kwargs:
            kinds = {p.kind for p in signature(cls.__init__).parameters.values()}
            if Parameter.VAR_KEYWORD not in kinds:  # a subclass may pass them on
                cls._check_names(kwargs, TypeError)
        return super().__new__(cls)

    def set_params(self, **params):
        """Set parameters.

        Parameters
        ----------
        **params : dict
            Values by name; those of a nested estimator by ``<component>__<name>``.

        Returns
        -------
        self : estimator
            The same estimator.
        """
        self._check_names(params, ValueError)
        for name in params:  # before any is set
            root, nested, _ = name.partition("__")
            if nested and not hasattr(
                params.get(root, getattr(self, root)), "set_params"
            ):
                raise ValueError(
                    f"{type(self).__name__} has no parameter {name!r}: {root!r} is not "
                    "an estimator and has no parameters."
                )
        return super().set_params(**params)

    @classmethod
    def _check_names(cls, names, error):
        """Raise an error with a hint if a name is not that of a parameter."""
        known = cls._get_param_names()
        for name in names:
            if name.partition("__")[0] not in known:
                raise error(
                    f"{cls.__name__} has no parameter {name!r}. {cls._hint(name)}"
                )

    @classmethod
    def _hint(cls, name):
        """Return what to use instead of an unknown name."""
        close = get_close_matches(name, cls._get_param_names(), n=1)
        return f"Did you mean {close[0]}?" if close else "get_params() lists them all."
