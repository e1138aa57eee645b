"""Markdown of labs as HTML for the sidebar: no raw HTML, no scripts, no images from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

#: A lab's own "#" is the panel's third level: the panel's title and the step's come before it.
SHIFT = 2


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    # html=False turns "<script>" into text; markdown-it itself refuses javascript: and data: links.
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
    markdown.add_render_rule("link_open", _link)
    markdown.add_render_rule("heading_open", _heading)
    markdown.add_render_rule("heading_close", _heading)
    return markdown


def _link(renderer: Any, tokens: Sequence[Token], index: int, options: Any, environment: Any) -> str:
    """Links out open in a tab of their own, which gets no handle on JupyterLab's."""
    token = tokens[index]
    if "://" in str(token.attrGet("href") or ""):
        token.attrSet("target", "_blank")
        token.attrSet("rel", "noopener noreferrer")
    return str(renderer.renderToken(tokens, index, options, environment))


def _heading(renderer: Any, tokens: Sequence[Token], index: int, options: Any, environment: Any) -> str:
    token = tokens[index]
    token.tag = f"h{min(6, int(token.tag[1]) + SHIFT)}"
    return str(renderer.renderToken(tokens, index, options, environment))


def render(text: str) -> str:
    """Markdown as HTML that may be put into a page as it is."""
    return str(_markdown().render(text))
