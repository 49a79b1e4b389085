"""TabularEncoder: turns a raw table into numbers that suit a network."""

from itertools import compress
from numbers import Integral, Real

import numpy as np
from sklearn.base import TransformerMixin, _fit_context
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils import gen_batches
from sklearn.utils._param_validation import Interval, Options
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_is_fitted,
    validate_data,
)

from skreg._inputs.bins import ROWS_AT_ONCE, is_frequent, learn, piecewise_linear
from skreg._inputs.columns import (
    check_columns,
    columns_of,
    name_booleans,
    split,
    unique_names,
)
from skreg._inputs.errors import naming, unchanged_on_error
from skreg._inputs.estimator import Estimator
from skreg._inputs.suspicions import (
    warn_of_other_categories,
    warn_of_rounding,
    warn_of_texts,
)
from skreg._training.callbacks import Task, with_callbacks


class TabularEncoder(TransformerMixin, Estimator):
    r"""Encode numbers, categories and missing values for a network.

    A column of numbers becomes

    - the number, standardised,
    - an indicator of missing values, if there were any in `fit`; the median replaces
      them,
    - a piecewise-linear code [1]_: with the edges :math:`b_0 < \dots < b_T` of T bins,
      :math:`\min(\max((x - b_t) / (b_{t+1} - b_t), 0), 1)` for each bin, less its mean
      in `fit`,
    - an indicator of each frequent value, if another value fills more than half of the
      rows. These values are exceptions, and each may have its own meaning.

    Numbers outside the range seen in `fit` are clipped to it.

    Every other column is categorical and becomes one indicator per category. Rare
    categories share an indicator; unknown ones have it, too, or none if none was rare.
    Missing values are a category, "missing".

    Parameters
    ----------
    n_bins : int, default=8
        Maximum number of bins per column. Bins hold about equally many rows, but a
        value frequent enough to fill several bins gets only one. A column with at most
        ``n_bins + 1`` distinct values uses them as edges. A single bin would repeat the
        standardised number and is left out, so 1 means no code.
    min_frequency : int or float, default=10
        Categories in fewer rows than this are rare; a float is a share of the rows. In
        a numeric column that is mostly one value, the other values in at least that
        many rows are frequent, but at most fifty, and none if all are edges of bins.
    dtype : {numpy.float32, numpy.float64}, default=numpy.float32
        Type of the output.

    Attributes
    ----------
    is_categorical_ : ndarray of shape (`n_features_in_`,)
        Whether each column is categorical.
    medians_, means_, scales_ : ndarray of shape (n_numeric,)
        For each numeric column, the median, which replaces missing values, and the mean
        and standard deviation after that.
    has_missing_ : ndarray of shape (n_numeric,)
        Whether each numeric column has an indicator of missing values.
    bin_edges_ : list of ndarray of shape (n_edges,)
        Bin edges of each numeric column, from its minimum to its maximum. With two or
        fewer edges there is no code.
    code_means_ : ndarray of shape (n_code_features,)
        Mean of the code for each bin of all columns, one column after the other.
    frequent_values_, frequent_tolerances_ : list of ndarray of shape (n_values,)
        Values of each numeric column that have an indicator, and how far from each a
        number may be to count as this value.
    one_hot_ : OneHotEncoder or None
        Encoder of the categories, as text; None if there are no categorical columns.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X had any.

    See Also
    --------
    sklearn.preprocessing.StandardScaler : The standardised numbers alone.
    sklearn.compose.ColumnTransformer : Another transformer for each column.

    References
    ----------
    .. [1] Y. Gorishniy, I. Rubachev and A. Babenko, "On Embeddings for Numerical
       Features in Tabular Deep Learning", NeurIPS 2022.

    Examples
    --------
    >>> from skreg import TabularEncoder
    >>> X = [[20, "Rome"], [30, "Oslo"], [None, "Rome"], [50, None]]
    >>> encoder = TabularEncoder(min_frequency=2).fit(X)
    >>> print(*encoder.get_feature_names_out())
    x0 x0_missing x0_bin0 x0_bin1 x1_Rome x1_infrequent_sklearn
    >>> encoder.transform([[40, "Rome"], [None, "Bonn"]]).round(2)
    array([[ 0.69,  0.  ,  0.25,  0.25,  1.  ,  0.  ],
           [-0.23,  1.  ,  0.25, -0.25,  0.  ,  1.  ]], dtype=float32)
    """

    _parameter_constraints: dict = {
        "n_bins": [Interval(Integral, 1, None, closed="left")],
        "min_frequency": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, 1, closed="neither"),
        ],
        "dtype": [Options(type, {np.float32, np.float64})],
    }

    def __init__(self, n_bins=8, *, min_frequency=10, dtype=np.float32):
        self.n_bins = n_bins
        self.min_frequency = min_frequency
        self.dtype = dtype

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn medians, scales, bins and categories.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_samples, n_features)
            Table. A column of an object array is numeric if it holds only numbers.
            Infinite and huge numbers, dates and durations are refused.
        y : None
            Ignored.

        Returns
        -------
        self : TabularEncoder
            The fitted encoder.

        Raises
        ------
        ValueError
            For an invalid parameter or column. The encoder is left unchanged.
        """
        task = Task(self, self._init_callback_context(), X=X)
        task.begin()
        with unchanged_on_error(self):
            self._learn(X)
            task.end()
        return self

    def _learn(self, X):
        """Learn from a table, and set the fitted attributes."""
        X = check_columns(self, X)
        columns = columns_of(X)
        is_categorical = np.array([not column.is_numeric() for column in columns])
        numbers, texts = split(columns, is_categorical)
        warn_of_rounding(compress(columns, ~is_categorical))

        few = self.min_frequency
        n_least = few if isinstance(few, Integral) else few * len(numbers)
        learned = [learn(x, self.n_bins, n_least) for x in numbers.T]
        one_hot = None
        if texts.shape[1]:
            one_hot = OneHotEncoder(
                handle_unknown="infrequent_if_exist", min_frequency=self.min_frequency
            ).fit(texts)
            one_hot.set_output(transform="default")  # whatever set_config says
            categorical = compress(columns, is_categorical)
            warn_of_texts(categorical, texts, one_hot)

        with naming("X"):
            validate_data(self, X, skip_check_array=True)

        def each(name):
            return [getattr(column, name) for column in learned]

        self.is_categorical_ = is_categorical
        self.medians_ = np.array(each("median"))
        self.means_ = np.array(each("mean"))
        self.scales_ = np.array(each("scale"))
        self.has_missing_ = np.array(each("has_missing"), dtype=bool)
        self.bin_edges_ = each("edges")
        self.code_means_ = np.concatenate([np.empty(0), *each("code_mean")])
        self.frequent_values_ = [v.astype(numbers.dtype) for v in each("values")]
        self.frequent_tolerances_ = each("tolerances")
        self.one_hot_ = one_hot

    def transform(self, X):
        """Encode a table.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_samples, n_features)
            Table with the same columns as in `fit`.

        Returns
        -------
        encoded : ndarray of shape (n_samples, n_features_out)
            Standardised numbers, indicators of missing numbers, piecewise-linear codes,
            indicators of frequent values, then indicators of categories.

        Raises
        ------
        ValueError
            If the columns differ from those in `fit`, for infinite or huge numbers,
            dates and durations, and for anything but numbers in a numeric column.
        """
        check_is_fitted(self)
        X = check_columns(self, X)
        with naming("X"):
            validate_data(self, X, reset=False, skip_check_array=True)
        columns = columns_of(X)
        numbers, texts = split(columns, self.is_categorical_)
        shape = len(numbers), len(self.get_feature_names_out())
        encoded = np.zeros(shape, self.dtype)
        n_columns = self._write_numbers(numbers, encoded)
        if self.one_hot_ is not None:
            name_booleans(texts, self.one_hot_)
            categorical = compress(columns, self.is_categorical_)
            warn_of_other_categories(categorical, texts, self.one_hot_)
            rows, categories = self.one_hot_.transform(texts).nonzero()
            encoded[rows, n_columns + categories] = 1
        return encoded

    def get_feature_names_out(self, input_features=None):
        """Return the names of the encoded columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns, if X had none in `fit`.

        Returns
        -------
        names : ndarray of str
            For a column "age": "age", "age_missing", "age_bin0" and so on. For the
            value 99 of a column "debts", "debts_99". For a column "city": "city_Rome"
            and so on, and for its rare and unknown categories
            "city_infrequent_sklearn", as in scikit-learn's OneHotEncoder. A name that
            another column has already gets an underscore: ``"age_missing_"``.
        """
        check_is_fitted(self)
        columns = _check_feature_names_in(self, input_features)
        numeric = columns[~self.is_categorical_]
        names = [*numeric, *(f"{name}_missing" for name in numeric[self.has_missing_])]
        for name, edges in zip(numeric, self.bin_edges_, strict=True):
            if len(edges) > 2:
                names += [f"{name}_bin{t}" for t in range(len(edges) - 1)]
        for name, values in zip(numeric, self.frequent_values_, strict=True):
            texts = (np.format_float_positional(value, trim="-") for value in values)
            names += [f"{name}_{text}" for text in texts]
        if self.one_hot_ is not None:
            categorical = columns[self.is_categorical_]
            names += self.one_hot_.get_feature_names_out(categorical).tolist()
        return np.array(unique_names(names), dtype=object)

    def _write_numbers(self, numbers, encoded):
        """Write the numeric part of the output; return its number of columns."""
        low = [edges[0] for edges in self.bin_edges_]
        high = [edges[-1] for edges in self.bin_edges_]
        n_frequent = sum(map(len, self.frequent_values_))
        n_bins = len(self.code_means_)
        widths = [numbers.shape[1], self.has_missing_.sum(), n_bins, n_frequent]
        parts = np.split(encoded, np.cumsum(widths), axis=1)
        number, indicator, code, frequent, _ = parts
        for rows in gen_batches(len(numbers), ROWS_AT_ONCE):
            x = numbers[rows]
            missing = np.isnan(x)
            x = np.where(missing, self.medians_, x)
            frequent[rows] = is_frequent(
                x, self.frequent_values_, self.frequent_tolerances_
            )
            x = np.clip(x, low, high)
            number[rows] = (x - self.means_) / self.scales_
            indicator[rows] = missing[:, self.has_missing_]
            code[rows] = piecewise_linear(x, self.bin_edges_) - self.code_means_
        return sum(widths)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags
