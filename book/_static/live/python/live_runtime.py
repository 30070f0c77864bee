"""Run the cells of a page. Loaded by worker.js once Pyodide is there."""

import ast
import builtins
import importlib.machinery
import linecache
import sys
import traceback

import live_display
from pyodide.code import eval_code_async
from pyodide.ffi import JsException, can_run_sync, run_sync

import _live_page  # registered by worker.js

NAMES = {"__name__": "__main__", "__builtins__": builtins}
MODULES = {}  # of the book's packages: what they import now, and later inside their functions
MANY = 12  # steps of a traceback that are shown
LATER = set()  # the names of the latter


def setup(modules):
    """Prepare for the first cell."""
    MODULES.update(modules)
    LATER.update(name for module in modules.values() for name in module["later"])
    sys.stdout, sys.stderr = live_display.Stream("stdout"), live_display.Stream("stderr")
    builtins.display = live_display.display
    sys.meta_path.insert(0, OnDemand)


def needs(code, lazily):
    """The top-level names of what a cell imports, itself or through the book's modules.

    ``lazily`` leaves out what the book's functions import when they are called: where the browser
    lets Python wait for a download, :class:`OnDemand` fetches that in time.
    """
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return []
    dotted = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            dotted |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            dotted |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    found = set()
    for name in dotted:
        found.add(name.partition(".")[0])
        known = MODULES.get(name, {})
        found |= set(known.get("now", []))
        if not lazily:
            found |= set(known.get("later", []))
    return sorted(name for name in found if name not in sys.modules and name != "IPython")


class OnDemand:
    """Loads a package of Pyodide at the moment a function of the book's modules imports it.

    Only what those modules are known to import: libraries try many optional imports in passing,
    and none of those should cost the reader a download.
    """

    @staticmethod
    def find_spec(name, path=None, target=None):
        if path is not None or name not in LATER or not can_run_sync():
            return None
        LATER.discard(name)
        try:
            run_sync(_live_page.load(name))
        except JsException as problem:
            LATER.add(name)
            raise ImportError(str(problem)) from None
        importlib.invalidate_caches()
        return importlib.machinery.PathFinder.find_spec(name)


async def run(code, number):
    """Run one cell; return whether it ended well."""
    filename = f"<cell {number}>"
    # So that tracebacks, also later ones that pass through this cell, can quote its lines.
    linecache.cache[filename] = (len(code), None, code.splitlines(keepends=True), filename)
    sys.stdout.begin()
    sys.stderr.begin()
    try:
        value = await eval_code_async(code, globals=NAMES, filename=filename)
        if value is not None:
            live_display.display(value)
        live_display.show_figures()
    except BaseException as error:
        live_display.emit("error", text=explain(error), marks=marks(error))
        close_figures()
        return False
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return True


def close_figures():
    """Show what was drawn before an error, without letting a half-made figure raise another."""
    try:
        live_display.show_figures()
    except Exception:
        sys.modules["matplotlib.pyplot"].close("all")


def in_a_cell(error):
    """Whether this is a mistake of syntax in a cell, which has a line but no frame."""
    return isinstance(error, SyntaxError) and (error.filename or "").startswith("<cell")


def cell_frames(error):
    """The frames of an error that are in cells, the outermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    return [frame for frame in frames if frame.filename.startswith("<cell")]


def marks(error):
    """The lines of cells that an error went through, for the editors to mark."""
    places = [(frame.filename, frame.lineno) for frame in cell_frames(error)]
    if in_a_cell(error):
        places = [(error.filename, error.lineno)]
    found = {}
    for filename, line in places:
        found.setdefault(int(filename.strip("<cel >")), set()).add(line)
    return [{"cell": cell, "lines": sorted(lines)} for cell, lines in found.items()]


def explain(error):
    """The message, the reader's own lines, and where in a library it was raised."""
    lines = traceback.format_exception_only(error)
    if in_a_cell(error):
        lines[0] = f"In {error.filename.strip('<>')}, line {error.lineno}:\n"
        return "".join(lines).rstrip()
    frames = traceback.extract_tb(error.__traceback__)
    cells = cell_frames(error)
    for i, frame in enumerate(cells):
        if MANY // 2 <= i < len(cells) - MANY // 2:  # a recursion without end
            if i == MANY // 2:
                lines.append(f"  … {len(cells) - MANY} more steps …\n")
            continue
        inside = "" if frame.name == "<module>" else f", in {frame.name}"
        lines.append(f"  {frame.filename.strip('<>')}, line {frame.lineno}{inside}:\n")
        lines.append(f"    {(frame.line or '').strip()}\n")
    if cells and frames[-1] != cells[-1]:
        last = frames[-1]
        file = last.filename.rpartition("site-packages/")[2]
        lines.append(f"  raised in {file}, line {last.lineno}, in {last.name}\n")
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        lines.append("  after " + traceback.format_exception_only(cause)[-1])
    return "".join(lines).rstrip()
