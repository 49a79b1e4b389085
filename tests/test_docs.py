"""The pages of the documentation: their code runs, and their tables are complete."""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

import skreg
from skreg import RegMLPClassifier, RegMLPRegressor

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
INDEX, README = DOCS / "index.md", ROOT / "README.md"
ROOT_PAGES = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
# Pages whose code needs an extra.
NEEDS = {
    "encoding": ["pandas"],
    "getting_started": ["matplotlib", "pandas"],
    "user_guide": ["matplotlib"],
    "saving": ["skl2onnx", "onnxruntime", "skops"],
}


def signature(kind):
    return inspect.signature(kind).parameters


OURS, THEIRS = signature(RegMLPClassifier), signature(MLPClassifier)


def python_blocks(page):
    """Return the interpreter sessions of a page as one, at their line numbers."""
    lines, fence, inside = [], "", False
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            fence, inside = line[3:], False
        elif fence in ("python", "{eval-rst}"):
            inside = inside or line.lstrip().startswith(">>>")
        lines.append(line if inside else "")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "page",
    [p for p in PAGES if ">>>" in python_blocks(p) and p != INDEX],
    ids=lambda p: p.stem,
)
def test_code_of_a_page_runs_as_shown(page, tmp_path, monkeypatch):
    for module in NEEDS.get(page.stem, []):
        pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    parser = doctest.DocTestParser()
    session = parser.get_doctest(python_blocks(page), {}, page.name, str(page), 0)
    report = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(session, out=report.append)
    assert session.examples
    assert not report, "".join(report)


def test_the_index_shows_code_of_the_readme_which_pytest_runs():
    assert python_blocks(INDEX).split() == python_blocks(README).split() != []


def table_rows(text, heading):
    """Yield the cells of each row of the first table after a heading."""
    table = text.split(heading)[1].split("\n|", 1)[1].split("\n\n")[0]
    for row in table.splitlines()[2:]:
        yield [cell.strip() for cell in row.strip("|").split("|")]


def migration_table(heading="## Parameters"):
    text = (DOCS / "migrating.md").read_text(encoding="utf-8")
    rows = table_rows(text, heading)
    return {name.strip("`"): verdict for name, verdict, _ in rows}


def test_migrating_lists_every_parameter_of_both_classes():
    assert migration_table().keys() == OURS.keys() | THEIRS.keys()


def test_migrating_leaves_nothing_of_their_defaults_automatic():
    text = (DOCS / "migrating.md").read_text(encoding="utf-8")
    code = text.split(">>> their_defaults = ")[1].split("\n```")[0]
    theirs = eval(code.replace("\n... ", "\n"), {"RegMLPClassifier": RegMLPClassifier})
    assert "auto" not in theirs.get_params().values()


def test_migrating_lists_what_regressors_have_besides():
    names = migration_table("## From MLPRegressor").keys()
    ours, theirs = (signature(kind) for kind in (RegMLPRegressor, MLPRegressor))
    others = OURS.keys() | THEIRS.keys()
    # The loss came to MLPRegressor with scikit-learn 1.7.
    assert names == (ours.keys() | theirs.keys()) - others == {"loss", "quantile"}
    assert OURS.keys() - ours.keys() == {"class_weight"}


@pytest.mark.parametrize(("name", "verdict"), migration_table().items())
def test_migrating_verdict_agrees_with_the_signatures(name, verdict):
    both = name in OURS and name in THEIRS
    if verdict == "same":
        assert OURS[name].default == THEIRS[name].default
        assert OURS[name].kind == THEIRS[name].kind
    elif verdict == "other default":
        assert OURS[name].default != THEIRS[name].default
        assert OURS[name].kind == THEIRS[name].kind
    elif verdict == "different meaning":
        assert both
    elif verdict in ("renamed", "gone"):
        assert name not in OURS
    else:
        assert verdict == "new"
        assert name not in THEIRS


def test_changelog_begins_with_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    first = re.search(r"^## (\S+)", text, flags=re.MULTILINE)
    assert first.group(1) in ("Unreleased", skreg.__version__)


@pytest.mark.parametrize("page", ROOT_PAGES, ids=lambda p: p.stem)
def test_links_to_files_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    missing = [t for t in targets if not (page.parent / t).exists()]
    # The benchmarks write their own page.
    assert set(missing) <= {"docs/benchmarks.md"}


def test_the_ratios_of_the_readme_are_those_of_the_benchmarks():
    page = (DOCS / "benchmarks.md").read_text(encoding="utf-8")
    page = page.replace("\N{NON-BREAKING HYPHEN}", "-").replace(
        "\N{NO-BREAK SPACE}", " "
    )

    def ratios(line, columns):
        (row,) = (row for row in page.splitlines() if row.startswith(line))
        cells = [cell.partition(" (")[0] for cell in row.split(" | ")]
        return [cells[column] for column in columns]

    mlp, torch, numpy = 4, 5, 7
    expected = [
        *ratios("| A: 2-64-128-1 (16) | sgd | none |", (mlp, torch, numpy)),
        *ratios("| D: 784-100-10 (1) | sgd | none |", (mlp, torch, numpy)),
        *ratios("| C: 784-256-256-10 (128) | sgd | sample |", (torch, numpy)),
        *ratios("| 8 networks |", (2, 3)),
        *ratios("| Grid search | 60 fits |", (3, 4)),
    ]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme[readme.index("## How fast") :].split("\n\n")[2]
    assert re.findall(r"[\d.]+×", section) == expected


def test_the_losses_of_the_readme_are_those_of_the_page_of_quality():
    quality = (DOCS / "quality.md").read_text(encoding="utf-8")
    measured = {row[0]: row for row in table_rows(quality, "## Small tables")}
    ours = ["RegMLP committee, encoder", "RegMLP, encoder"]
    others = [
        "CatBoost-TD, for log-loss",
        "LGBM-TD, for log-loss",
        "TabM",
        "HistGradientBoosting, early stopping",
        "RealMLP-TD-S, for log-loss",
        "MLPClassifier",
    ]
    text = README.read_text("utf-8")
    (quoted,) = table_rows(text, "log-loss on test rows")
    assert quoted == [f"{float(measured[name][2]):.3f}" for name in ours + others]
    pattern = r"boosting\shas\s([.\d]+)\swithout[^.]*RealMLP\s([.\d]+)\sby\sdefault"
    defaults = re.search(pattern, text)
    names = "HistGradientBoosting", "RealMLP-TD-S"
    assert [*defaults.groups()] == [f"{float(measured[n][2]):.3f}" for n in names]


def test_the_choice_of_a_model_quotes_the_page_of_quality():
    quality = (DOCS / "quality.md").read_text(encoding="utf-8")
    text = (DOCS / "getting_started.md").read_text(encoding="utf-8")
    tables = (table_rows(quality, h) for h in ("## The race", "## Small tables"))
    measured = {row[0]: row for rows in tables for row in rows}
    names = {
        "`RegMLPClassifier(early_stopping=True)`": "RegMLP, early stopping, encoder",
        "`RegMLPClassifier()`": "RegMLP, encoder",
        "`RegMLPClassifierCV()`": "RegMLP committee, encoder",
        '`RegMLPClassifierCV(param_distributions="auto")`': (
            "RegMLP committee, raced, encoder"
        ),
    }
    rows = list(table_rows(text, "## Network, committee or race"))
    assert [row[0] for row in rows] == list(names)
    for name, _, quoted in rows:
        _, _, loss, seconds, *_ = measured[names[name]]
        assert quoted == f"{seconds} s, log-loss {float(loss):.3f}"


def test_the_comparison_with_trees_quotes_the_page_of_quality():
    quality = (DOCS / "quality.md").read_text(encoding="utf-8")
    text = (DOCS / "gradient_boosting.md").read_text(encoding="utf-8")
    expected = []
    for heading in ("## Small tables", "## Raw tables", "## Regression"):
        rows = {row[0]: row[1:4] for row in table_rows(quality, heading)}
        models = rows["HistGradientBoosting"], rows["RegMLP committee, encoder"]
        expected += map(list, zip(*models, strict=True))
        if stopped := rows.get("HistGradientBoosting, early stopping"):
            assert stopped[1] in text
    assert [row[1:] for row in table_rows(text, "## On real tables")] == expected


EXTRAS = {
    "display": "matplotlib",
    "_curves": "matplotlib",
    "onnx": "skl2onnx",
    "dask": "dask.array",
}


MODULES = ["classifier", "regressor", "committee", "encoder", *EXTRAS]


@pytest.mark.parametrize("name", MODULES)
def test_docstrings_run_as_shown(name):
    if name in EXTRAS:
        pytest.importorskip(EXTRAS[name])
    results = doctest.testmod(importlib.import_module(f"skreg.{name}"))
    assert results.attempted
    assert not results.failed
