// Loaded on every page, and all that is loaded until a reader asks for more: it puts a bar under
// the title of a page with code cells. It is a plain script because a page opened as a file
// cannot load modules, and should say so itself.
(() => {
  const base = new URL(".", document.currentScript.src).href;

  const FILE_HELP =
    "This page was opened as a file, and browsers do not let a file start Python. Serve the " +
    "book's folder instead: in the folder that holds index.html run the command below, then " +
    "open http://localhost:8000 in this browser.";

  const NO_FILES =
    "The files that run this page could not be loaded. Check the connection, then reload the page. " +
    "It stays readable as it is.";

  // Where the reader's edits of this page are kept. Several books may share one host.
  const { pagename } = DOCUMENTATION_OPTIONS; // of every Sphinx page
  const key = `live-edits:${new URL("../..", base).pathname}${pagename}`;

  function hasEdits() {
    try {
      return localStorage.getItem(key) !== null;
    } catch {
      return false; // a browser may forbid even to ask
    }
  }

  function element(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  }

  function addBar() {
    const title = document.querySelector("article h1");
    if (!title || !document.querySelector("article div.cell")) return;
    const button = element("button", { type: "button", class: "live-button" }, "Run this page");
    const buttons = element("div", { class: "live-buttons" }, button);
    const hint = element(
      "p",
      { class: "live-hint" },
      "Starts Python inside this browser; then the code can be changed and run. " +
        "Nothing is installed, and nothing you write leaves this page." +
        (hasEdits() ? " Your edits from an earlier visit are kept and will be back." : ""),
    );
    const status = element("p", { class: "live-status", role: "status" });
    const bar = element(
      "section",
      { class: "live-bar", "aria-label": "Run this page" },
      buttons,
      hint,
      status,
    );
    title.after(bar);
    let starting = null;
    button.addEventListener("click", async () => {
      if (location.protocol === "file:") {
        status.textContent = FILE_HELP;
        if (!bar.querySelector("pre")) {
          bar.append(element("pre", { tabindex: "0" }, "python3 -m http.server"));
        }
        return;
      }
      if (starting) {
        starting.abort();
        return;
      }
      starting = new AbortController();
      const { signal } = starting;
      button.textContent = "Cancel"; // the same button, so that the keyboard keeps its place
      try {
        const { openPage } = await import(`${base}page.js`);
        await openPage({ bar, button, hint, status, base, key, element, signal });
      } catch (error) {
        if (signal.aborted) status.textContent = "Cancelled. The page is as it was.";
        else if (error.name === "LiveProblem") status.textContent = error.message;
        else status.textContent = NO_FILES;
        button.textContent = "Run this page";
        button.focus();
      } finally {
        starting = null;
      }
    });
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", addBar);
  else addBar();
})();
