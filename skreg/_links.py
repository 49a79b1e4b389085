"""Where the HTML representation of an estimator links to."""


class DocLinkMixin:
    """Links to the page of the estimator in the documentation of skreg."""

    _doc_link_module = "skreg"
    _doc_link_template = (
        "https://skreg.readthedocs.io/en/stable/api/skreg.{estimator_name}.html"
    )
