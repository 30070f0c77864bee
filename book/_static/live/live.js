// Loaded on every page, and all that is loaded until a reader asks for more: it puts a bar under
// the title of a page with code cells. It is a plain script because a page opened as a file
// cannot load modules, and should say so itself.
(() => {
  const base = new URL(".", document.currentScript.src).href;

  const FILE_HELP =
    "This page was opened as a file, and browsers do not let a file start Python. Serve the " +
    "book's folder instead: in the folder that holds index.html run the command below, then " +
    "open http://localhost:8000 in this browser.";

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
        "Nothing is installed, and nothing you write leaves this page.",
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
    button.addEventListener("click", async () => {
      if (location.protocol === "file:") {
        status.textContent = FILE_HELP;
        if (!bar.querySelector("pre")) {
          bar.append(element("pre", { tabindex: "0" }, "python3 -m http.server"));
        }
        return;
      }
      button.disabled = true;
      try {
        const { openPage } = await import(`${base}page.js`);
        await openPage({ bar, button, hint, status, base, element });
      } catch (error) {
        status.textContent =
          error.name === "LiveProblem"
            ? error.message
            : "The files that run this page could not be loaded. Check the connection and " +
              "press the button again. The page itself stays readable.";
        button.disabled = false;
        button.focus();
      }
    });
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", addBar);
  else addBar();
})();
