"""Parameter names of other libraries, which an error translates."""

from sklearn.base import BaseEstimator

_KEEP = "Use keep_prob, the probability of keeping a unit: 1 minus that of dropping it."
_RATE = "The initial rate is learning_rate_init; learning_rate names its schedule."
_EPOCHS = "Use max_iter, the maximum number of epochs."
_LAYERS = "Use hidden_layer_sizes, the units of each hidden layer."
_BETA_1 = "Use momentum, which serves both solver='adam' and 'sgd'."
_FAMILIAR = {
    "dropout": _KEEP,
    "dropout_rate": _KEEP,
    "lr": _RATE,
    "eta0": _RATE,
    "weight_decay": "Use alpha: the penalty is alpha / 2 times the sum of squares.",
    "l2": "Use alpha: the penalty is alpha / 2 times the sum of squares.",
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
    "patience": "Use n_iter_no_change, with early_stopping=True.",
    "seed": "Use random_state.",
    "validation_split": "Use validation_fraction, with early_stopping=True.",
}
"""A hint for each name from another library."""


class NamesChecked(BaseEstimator):
    """Refuses a parameter name of another library, and says which one to use."""

    def __new__(cls, *args, **kwargs):
        """Check the names of the parameters."""
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
        return super().set_params(**params)

    @classmethod
    def _check_names(cls, names, error):
        """Raise an error with a hint if a name is one of another library.

        A subclass may check for more names.
        """
        for name in names:
            if name in _FAMILIAR:
                raise error(
                    f"{cls.__name__} has no parameter {name!r}. {_FAMILIAR[name]}"
                )
