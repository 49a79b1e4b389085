"""Formulas as MathML, which browsers set themselves: no script, and no network."""

from docutils.nodes import SkipNode
from latex2mathml.converter import convert
from sphinx.util import logging

logger = logging.getLogger(__name__)


def _mathml(node, display):
    try:
        return convert(node.astext(), display=display)
    except Exception as error:  # any, so that the page is named
        logger.warning("formula %r: %s", node.astext(), error, location=node)
        return ""


def visit_inline(translator, node):
    """Write a formula within a sentence."""
    translator.body.append(_mathml(node, "inline"))
    raise SkipNode


def visit_block(translator, node):
    """Write a formula on a line of its own, which scrolls where it is too wide."""
    formula = _mathml(node, "block")
    translator.body.append(f'<div class="formula" tabindex="0">{formula}</div>\n')
    raise SkipNode


def setup(app):
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
