"""What is printed, where warnings point, and names of parameters that do not exist."""

import warnings

import numpy as np
import pytest
from estimators import network, problem
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import RegMLPClassifier, TabularEncoder

X, y = problem()


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("dropout", "keep_prob"),
        ("lr", "learning_rate_init"),
        ("beta_1", "momentum"),
        ("weight_decay", "alpha"),
        ("epochs", "max_iter"),
    ],
)
def test_names_of_other_libraries_are_translated(name, own):
    with pytest.raises(TypeError, match=f"no parameter '{name}'.*{own}"):
        RegMLPClassifier(**{name: 0.5})
    with pytest.raises(ValueError, match=f"no parameter '{name}'.*{own}"):
        RegMLPClassifier().set_params(**{name: 0.5})


def test_an_unknown_name_is_refused_with_the_one_that_is_like_it():
    with pytest.raises(TypeError, match="has no parameter 'foo'"):
        RegMLPClassifier(foo=1)
    with pytest.raises(TypeError, match="Did you mean hidden_layer_sizes"):
        RegMLPClassifier(hiden_layer_sizes=1)
    with pytest.raises(ValueError, match="Did you mean n_bins"):
        TabularEncoder().set_params(n_bin=4)


def test_a_subclass_may_pass_parameters_on():
    class Wide(RegMLPClassifier):
        def __init__(self, width=8, **others):
            super().__init__((width,), **others)
            self.width = width

    assert Wide(4, alpha=0.1).alpha == 0.1
    with pytest.raises(TypeError, match="'foo'"):
        Wide(4, foo=1)


def fit_in_pipeline(model):
    make_pipeline(StandardScaler(), model).fit(X, y)


def fit(model):
    model.fit(X, y)


def partial_fit(model):
    model.partial_fit(X * 1e4, y, [0, 1])


@pytest.mark.parametrize("call", [fit, fit_in_pipeline, partial_fit])
def test_warnings_point_at_the_line_of_the_caller(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(network())
    (warning,) = caught
    assert warning.filename == __file__
    assert warning.lineno == call.__code__.co_firstlineno + 1


def test_verbose_counts_the_epochs_of_a_stream(capsys):
    model = network(verbose=3)
    for _ in range(7):
        model.partial_fit(X, y, [0, 1])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "Iteration    3",
        "Iteration    6",
    ]


@pytest.mark.parametrize(
    ("params", "last", "reason"),
    [
        ({"max_iter": 7, "n_iter_no_change": np.inf}, 7, "as planned"),
        ({"n_iter_no_change": 2, "tol": 1e9, "max_iter": 50}, 3, "converged"),
        ({"solver": "lbfgs", "tol": 1e9}, 1, "converged"),
    ],
)
def test_verbose_shows_the_last_epoch_and_why_the_fit_ended(
    params, last, reason, capsys
):
    network(verbose=5, **params).fit(X, y)
    *epochs, end = capsys.readouterr().out.splitlines()
    assert f"{last}, loss" in epochs[-1]
    assert end.startswith("Training ended: ")
    assert reason in end


@pytest.mark.parametrize(
    "plan", [{"n_iter_no_change": np.inf}, {"learning_rate": "cosine"}]
)
def test_a_plan_carried_out_is_no_failure(plan):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network(**plan).fit(X, y)


def test_training_that_was_cut_off_is_warned_of():
    with pytest.warns(ConvergenceWarning, match="max_iter=5"):
        network().fit(X, y)


def test_the_warning_of_the_limit_suits_the_solver():
    for solver, has_remedy in (("sgd", True), ("lbfgs", False)):
        with pytest.warns(ConvergenceWarning, match="Maximum iterations") as caught:
            network(solver=solver, max_iter=1, n_iter_no_change=5).fit(X, y)
        assert ("n_iter_no_change=inf" in str(caught[0].message)) == has_remedy


@pytest.mark.parametrize("name", ["alpha__x", "solver__alpha"])
def test_a_parameter_of_a_parameter_changes_nothing(name):
    model = RegMLPClassifier()
    with pytest.raises(ValueError, match=f"has no parameter '{name}'"):
        model.set_params(tol=0.5, **{name: 1})
    assert model.get_params() == RegMLPClassifier().get_params()
