// Fetching with a check of every byte and a count of what has come.

export class LiveProblem extends Error {
  constructor(kind, message) {
    super(message);
    this.name = "LiveProblem";
    this.kind = kind;
  }
}

export function base64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

function host(url) {
  return new URL(url).host;
}

// One of the book's own small files.
export async function siteJson(url, signal) {
  const response = await fetch(url, { signal }).catch(() => null);
  if (!response?.ok) {
    throw new LiveProblem(
      "download",
      "This book's own files that run the page could not be loaded. Check the connection and " +
        "press the button again. The page itself stays readable.",
    );
  }
  return response.json();
}

async function readAll(response, count) {
  const chunks = [];
  let length = 0;
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.length;
    count(value.length);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

export class Downloads {
  // `fetch` is the browser's; `report` is called as bytes come in with {names, done, files, loaded,
  // total}: the names of what is still coming, how many files are there, how many bytes.
  constructor(fetch, report) {
    this.fetch = fetch;
    this.report = report;
    this.known = new Map(); // url -> {integrity, bytes, label}
    this.running = new Map(); // url -> promise of the bytes
    this.coming = []; // labels, one a file
    this.done = 0;
    this.loaded = 0;
    this.total = 0;
    this.problem = null; // the last failure, since Pyodide only logs it
  }

  expect(url, integrity, bytes, label) {
    this.known.set(url, { integrity, bytes, label });
  }

  // The checked bytes of a file. Asking twice, ahead of time and in earnest, fetches once.
  get(url) {
    if (!this.running.has(url)) {
      const promise = this.#fetch(url, this.known.get(url));
      promise.catch((problem) => {
        this.problem = problem;
        this.running.delete(url);
      });
      this.running.set(url, promise);
    }
    return this.running.get(url);
  }

  // As `fetch` would answer. The bytes are not kept: each file is wanted once.
  async response(url) {
    const bytes = await this.get(url);
    this.running.delete(url);
    const type = url.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
    return new Response(bytes, { headers: { "Content-Type": type } });
  }

  #tell() {
    const { coming, done, loaded, total } = this;
    const names = [...new Set(coming)];
    this.report({ names, done, files: done + coming.length, loaded, total });
  }

  async #fetch(url, { integrity, bytes, label }) {
    this.total += bytes;
    this.coming.push(label);
    this.#tell(); // now, not with the first byte: that may be long in coming
    let come = 0;
    // Without https (and not on localhost) a page has no crypto.subtle; the browser can still
    // check the hash itself, but then shows the bytes only when all have come.
    const subtle = globalThis.crypto?.subtle;
    let response;
    try {
      response = await this.fetch(url, subtle ? {} : { integrity });
      if (!response.ok) throw new Error(`status ${response.status}`);
      const data = await readAll(response, (count) => {
        come += count;
        this.loaded += count;
        this.#tell();
      });
      if (subtle) {
        const digest = new Uint8Array(await subtle.digest("SHA-256", data));
        if (`sha256-${base64(digest)}` !== integrity) throw new LiveProblem("integrity", "");
      }
      this.total += come - bytes; // the expected size is only for the bar
      this.done += 1;
      return data;
    } catch (error) {
      this.total -= bytes;
      this.loaded -= come;
      if (error.kind === "integrity") {
        throw new LiveProblem(
          "integrity",
          `A file from ${host(url)} (${label}) is not the one this book was made with, so it was ` +
            "not run. Try again later; if it happens again, please tell the book's authors. " +
            "The page itself stays readable.",
        );
      }
      throw new LiveProblem(
        "download",
        `Python could not be loaded: ${host(url)} did not send ${label}. Check the connection, ` +
          "and whether a content blocker or your network blocks that address; then try again. " +
          "The page itself stays readable.",
      );
    } finally {
      this.coming.splice(this.coming.indexOf(label), 1);
      this.#tell();
    }
  }
}
