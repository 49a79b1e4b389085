"""Configuration of the site; CONTRIBUTING.md has the command that builds it."""

import inspect
import os
import sys
from importlib.util import find_spec
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "agg")

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

from sklearn.experimental import enable_halving_search_cv  # noqa: E402, F401

import skreg  # noqa: E402

project = "skreg"
author = "The skreg developers"
copyright = author
version = release = skreg.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "matplotlib.sphinxext.plot_directive",
    "mathml",
    "registries",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates", "figures"]
default_role = "py:obj"

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# API

autosummary_generate = True
toc_object_entries_show_parents = "hide"
autodoc_typehints = "none"
numpydoc_class_members_toctree = False
numpydoc_show_class_members = False
autodoc_mock_imports = [name for name in ("skl2onnx", "dask") if not find_spec(name)]

# Links to other projects need the network.
if os.environ.get("SKREG_DOCS_ONLINE"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
        "matplotlib": ("https://matplotlib.org/stable", None),
    }

# Gallery: an example is not run where a package that it needs is missing.

needs = {
    "dask_search": ["distributed"],
    "optuna_pruning": ["distributed", "optuna"],
    "out_of_core": ["dask_ml", "pyarrow"],
}
not_run = [
    name for name, packages in needs.items() if not all(map(find_spec, packages))
]

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": rf"/(?!{'|'.join([*not_run, '_'])})\w+\.py$",
    "write_computation_times": False,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "remove_config_comments": True,
    "within_subsection_order": "gallery_order.FiguresFirst",
    "reference_url": {},
    "capture_repr": ("_repr_html_", "__str__"),
    "thumbnail_size": (640, 448),
    "default_thumb_file": str(HERE / "_static" / "script.svg"),
}

# Figures in pages

plot_formats = [("png", 140)]
plot_rcparams = {"figure.figsize": (5, 4)}  # legible on a phone, too
plot_apply_rcparams = True
plot_include_source = True
plot_html_show_source_link = False
plot_html_show_formats = False

# Appearance

html_theme = "pydata_sphinx_theme"
html_title = "skreg"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_sidebars = {"**": []}
html_css_files = ["skreg.css"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {
        "text": f"skreg <small>{release}</small>",
        "image_light": "_static/favicon.svg",
        "image_dark": "_static/favicon.svg",
        "alt_text": "",
    },
    "header_links_before_dropdown": 4,
    "navbar_end": ["theme-switcher"],
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def _signature(app, what, name, obj, options, arguments, returned):
    """Return the parameters of a class, which `__new__` would hide."""
    return (str(inspect.signature(obj)), None) if what == "class" else None


def setup(app):
    """Connect the hook."""
    app.connect("autodoc-process-signature", _signature)
