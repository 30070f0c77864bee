// The theme makes wide code scrollable by keyboard at load and on resize, but not in a fold that is
// opened later (a solution, a hidden cell).
document.addEventListener("toggle", () => window.dispatchEvent(new Event("resize")), true);
