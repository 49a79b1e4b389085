"""Names of parameters that an estimator does not have, but that mean something here."""

from sklearn.base import BaseEstimator

_KEEP = "Say keep_prob, the probability of keeping a unit: 1 minus that of dropping it."
_RATE = "The initial rate is learning_rate_init; learning_rate names its schedule."
_EPOCHS = "The most epochs are max_iter."
_LAYERS = "The units of the hidden layers are hidden_layer_sizes."
_BETA_1 = "Say momentum, for solver='adam' as for 'sgd'."
_FAMILIAR = {
    "dropout": _KEEP,
    "dropout_rate": _KEEP,
    "lr": _RATE,
    "eta0": _RATE,
    "weight_decay": "Say alpha: the penalty is alpha / 2 times the sum of squares.",
    "l2": "Say alpha: the penalty is alpha / 2 times the sum of squares.",
    "epochs": _EPOCHS,
    "max_epochs": _EPOCHS,
    "n_epochs": _EPOCHS,
    "hidden_layers": _LAYERS,
    "hidden_units": _LAYERS,
    "beta_1": _BETA_1,
    "betas": f"{_BETA_1} The other one is beta_2.",
    "eps": "Say epsilon.",
    "nesterov": "Say nesterovs_momentum.",
    "optimizer": "Say solver: 'adam', 'sgd' or 'lbfgs'.",
    "patience": "Say n_iter_no_change, with early_stopping=True.",
    "seed": "Say random_state.",
    "validation_split": "Say validation_fraction, with early_stopping=True.",
}
"""The parameters that go by other names in other libraries."""


class NamesChecked(BaseEstimator):
    """Says, before an unknown parameter is refused, which one is meant."""

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
        """Raise an error that translates a name from another library, if there is one.

        A subclass may have more to say.
        """
        for name in names:
            if name in _FAMILIAR:
                raise error(
                    f"{cls.__name__} has no parameter {name!r}. {_FAMILIAR[name]}"
                )
