// Shows why Python did not start: JupyterLite's kernel only rejects a promise, and the cell waits.
addEventListener("unhandledrejection", ({ reason }) => {
  const text = String(reason?.message ?? reason);
  if (!text.startsWith("Python could not start.") || document.querySelector(".lite-notice")) return;
  const notice = document.createElement("p");
  notice.className = "lite-notice";
  notice.setAttribute("role", "alert");
  notice.style.cssText =
    "position: fixed; z-index: 100000; inset: auto 1rem 2.5rem; margin: 0; padding: 1rem; " +
    "font: 15px/1.5 sans-serif; color: #222; background: #fff3cd; border: 1px solid #997404";
  notice.textContent = text;
  document.body.append(notice);
});
