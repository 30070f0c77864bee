// The bar that tells what is being loaded and how much of it has come.

const SILENCE = 20_000; // milliseconds without a byte before the reader is told

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}

function listed(names) {
  const more = names.length - 3;
  return names.slice(0, 3).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

export class Progress {
  // `before` is the element the bar stands above.
  constructor(before, element) {
    this.meter = element("progress", { "aria-label": "Loading", max: "1", value: "0" });
    this.words = element("span", { class: "live-loading" });
    // Every byte would be too much to read aloud: a quarter of the whole at a time is said.
    this.spoken = element("span", { class: "visually-hidden", role: "status" });
    this.row = element("div", { class: "live-progress" }, this.meter, this.words, this.spoken);
    this.row.hidden = true;
    this.quarters = 0; // how many have been said
    before.before(this.row);
  }

  // `names` are still coming; `done` of `files` files are there. Returns what it says.
  show({ names, done, files, loaded, total }) {
    this.row.hidden = false;
    this.meter.max = total;
    this.meter.value = loaded;
    clearTimeout(this.timer);
    if (!names.length) {
      this.words.textContent = `${megabytes(loaded)} MB loaded; unpacking`;
      return this.words.textContent;
    }
    const much = `${megabytes(loaded)} of ${megabytes(total)} MB, ${done} of ${files} files`;
    this.words.textContent = `Loading ${listed(names)}: ${much}`;
    const quarters = Math.floor((4 * loaded) / total);
    if (quarters > this.quarters && quarters < 4) {
      this.quarters = quarters;
      this.spoken.textContent = `Loading: ${25 * quarters} % of ${megabytes(total)} MB.`;
    }
    this.timer = setTimeout(() => {
      this.words.textContent =
        `Waiting for ${listed(names)}: nothing has come for ${SILENCE / 1000} seconds. ` +
        `Check the connection (${much}).`;
    }, SILENCE);
    return this.words.textContent;
  }

  hide() {
    clearTimeout(this.timer);
    this.row.hidden = true;
    this.quarters = 0;
  }

  remove() {
    this.hide();
    this.row.remove();
  }
}
