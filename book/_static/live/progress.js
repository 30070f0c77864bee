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
    // Every byte would be too much to read aloud. Said is each quarter of the whole, and again where
    // the whole turns out to be larger, because a file was not known yet.
    this.spoken = element("span", { class: "visually-hidden", role: "status" });
    this.row = element("div", { class: "live-progress" }, this.meter, this.words, this.spoken);
    this.row.hidden = true;
    this.forget();
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
    const news = quarters > this.quarters || (this.quarters > 0 && total > 1.1 * this.whole);
    if (news && quarters < 4) {
      this.quarters = quarters;
      this.whole = total;
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
    this.forget();
  }

  forget() {
    this.quarters = 0; // how many have been said
    this.whole = 0; // of how many bytes
  }

  remove() {
    this.hide();
    this.row.remove();
  }
}
