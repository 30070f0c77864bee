// Puts the link to a page's notebook beside the button that runs the page; a page opened as a file
// says why it cannot follow it. Written into each page, so that nothing more is fetched.
document.addEventListener("DOMContentLoaded", () => {
  const link = document.querySelector("a.lite-link");
  const buttons = document.querySelector(".live-bar .live-buttons");
  if (buttons) {
    const paragraph = link.parentElement;
    link.classList.add("live-button");
    buttons.append(link);
    paragraph.remove();
  }
  link.addEventListener("click", (event) => {
    if (location.protocol !== "file:") return;
    event.preventDefault();
    const note = document.querySelector(".live-status") ?? link.parentElement;
    note.textContent =
      "This page was opened as a file, and browsers do not let a file start Python. Serve the " +
      "folder that holds index.html (python3 -m http.server), then open http://localhost:8000.";
  });
});
