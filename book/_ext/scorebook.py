"""The book's own Sphinx extension.

It makes the table of all checks from the executed notebooks, mends what the theme's pages lack for
readers who use a screen reader, and loads the extension of the live pages.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

CHECKS_MIME = "application/vnd.scorekit.checks+json"


def stored_checks(notebook: Path) -> list[dict[str, Any]]:
    """The rows of every checks table among a notebook's stored outputs."""
    rows: list[dict[str, Any]] = []
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            rows += output.get("data", {}).get(CHECKS_MIME, {}).get("rows", [])
    return rows


def cells_of(row: dict[str, Any], chapter: str) -> list[str]:
    """One row of the book's table, as texts."""
    rival = "–" if row["rival"] is None else f"{row['rival']:.6g}"
    verdict = "agrees" if row["passed"] else f"FAILS: {row['reason']}"
    return [chapter, row["name"], f"{row['theory']:.6g}", row["shown"], rival, verdict]


class ChecksTable(SphinxDirective):
    """``{checks-table}``: all checks of all executed chapters."""

    def run(self) -> list[nodes.Node]:
        """Build the table, and a sentence that counts its rows."""
        body, failed = [], 0
        chapters = sorted(Path(self.env.srcdir, "chapters").glob("*.ipynb"))
        for notebook in chapters:
            self.env.note_dependency(str(notebook))
            rows = stored_checks(notebook)
            if not rows:
                raise ExtensionError(f"{notebook.name} has no stored table of checks: execute it")
            failed += sum(not row["passed"] for row in rows)
            body += [cells_of(row, notebook.name[:2]) for row in rows]
        head = ["chapter", "check", "theory", "measured", "excluded", "verdict"]
        count = f"{len(body)} checks in {len(chapters)} chapter(s); {failed} disagree."
        return [nodes.paragraph(text=count), table(head, body)]


def table(head: list[str], body: list[list[str]]) -> nodes.table:
    """A docutils table of plain texts."""
    group = nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=1) for _ in head]
    for part, lines in ((nodes.thead(), [head]), (nodes.tbody(), body)):
        for line in lines:
            row = nodes.row()
            row += [nodes.entry("", nodes.paragraph(text=text)) for text in line]
            part += row
        group += part
    whole = nodes.table(classes=["checks"])
    whole += group
    return whole


def name_fold_buttons(
    app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Give the sidebar's fold buttons, which the theme leaves nameless, a name to read aloud."""
    original = context.get("generate_toctree_html")
    if original is None:
        return

    def labelled(*args: Any, **kwargs: Any) -> Any:
        html = original(*args, **kwargs)
        for summary in html.select("summary") if hasattr(html, "select") else []:
            title = summary.find_parent("li").find("a").get_text(strip=True)
            summary["aria-label"] = f"Pages under {title}"
        return html

    context["generate_toctree_html"] = labelled


def plain_bibliography(
    app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Replace a role that docutils writes on references and that is no longer valid."""
    body = context.get("body") or ""
    context["body"] = body.replace('role="doc-biblioentry"', 'role="listitem"')


def drop_repeated_ids(app: Any, doctree: Any, docname: str) -> None:
    """Take the one id that every exercise, or solution, or theorem of a page is given."""
    repeated = {"exercise-content", "solution-content", "proof-content"}
    for part in doctree.findall(nodes.section):
        part["ids"] = [name for name in part["ids"] if name not in repeated]


def setup(app: Any) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("checks-table", ChecksTable)
    app.connect("doctree-resolved", drop_repeated_ids)
    app.connect("html-page-context", name_fold_buttons, priority=900)
    app.connect("html-page-context", plain_bibliography)
    app.setup_extension("live_assets")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
