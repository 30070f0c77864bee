// Show what a cell sends, in the markup that the built book uses for stored outputs.

// As the book's own build prefers them.
const PREFERRED = [
  "text/html",
  "image/svg+xml",
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "text/markdown",
  "text/latex",
  "text/plain",
];

function addStream(output, { name, text }, element) {
  let last = output.lastElementChild;
  if (last?.dataset.stream !== name) {
    last = element("div", { class: `output ${name}`, "data-stream": name }, element("pre"));
    output.append(last);
  }
  last.firstChild.append(text);
}

function picture(mime, data, { alt, number, element }) {
  const url =
    mime === "image/svg+xml"
      ? `data:${mime};utf8,${encodeURIComponent(data)}`
      : `data:${mime};base64,${data}`;
  return element("img", { src: url, alt: alt || `Figure made by cell ${number}` });
}

function html(data, { element }) {
  const holder = element("div", { class: "output text_html" });
  holder.innerHTML = data; // scripts set this way do not run
  return holder;
}

// MathJax leaves single dollars alone unless told otherwise, so they are made into its own marks.
function latex(data, { element }) {
  const marked = data.replace(/\$\$([^$]+)\$\$/g, "\\[$1\\]").replace(/\$([^$]+)\$/g, "\\($1\\)");
  return element("div", { class: "output text_latex math" }, marked);
}

function addDisplay(output, { bundle }, context) {
  const mime = PREFERRED.find((type) => type in bundle);
  if (!mime) return;
  const data = Array.isArray(bundle[mime]) ? bundle[mime].join("") : bundle[mime];
  if (mime.startsWith("image/")) output.append(picture(mime, data, context));
  else if (mime === "text/html") output.append(html(data, context));
  else if (mime === "text/latex") {
    output.append(latex(data, context));
    globalThis.MathJax?.typesetPromise?.([output.lastElementChild]); // only on pages with formulas
  } else {
    const { element } = context;
    output.append(element("div", { class: "output text_plain" }, element("pre", {}, data)));
  }
}

export function showOutput(output, message, context) {
  const { element } = context;
  if (message.kind === "stream") addStream(output, message, element);
  else if (message.kind === "display") addDisplay(output, message, context);
  else
    output.append(element("div", { class: "output live-error" }, element("pre", {}, message.text)));
}
