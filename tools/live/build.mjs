// Bundle editor.js into book/_static/live/codemirror.js, with its versions and its licences.
// Run `npm ci && npm run build` in this folder after changing editor.js or package.json.
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const out = new URL("../../book/_static/live/", import.meta.url);
const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));

const result = await build({
  entryPoints: ["editor.js"],
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  legalComments: "none",
  metafile: true,
  write: false,
});

// Only what ended up in the bundle, so that the list of licences is neither short nor long.
const [{ inputs }] = Object.values(result.metafile.outputs);
const packages = Object.keys(inputs)
  .filter((path) => inputs[path].bytesInOutput > 0)
  .map((path) => path.match(/^(node_modules\/(?:@[^/]+\/)?[^/]+)/)?.[1])
  .filter((path, i, all) => path && all.indexOf(path) === i)
  .sort();
const named = packages.map((path) => [
  path.replace("node_modules/", ""),
  lock.packages[path].version,
  readFileSync(`${path}/LICENSE`, "utf8").trim(),
]);

const header = [
  "/* CodeMirror 6, bundled by tools/live/build.mjs. MIT licence: codemirror.LICENSE.txt",
  ...named.map(([name, version]) => ` * ${name}@${version}`),
  " */",
].join("\n");
writeFileSync(new URL("codemirror.js", out), `${header}\n${result.outputFiles[0].text}`);

const byText = new Map();
for (const [name, version, text] of named) {
  byText.set(text, [...(byText.get(text) ?? []), `${name}@${version}`]);
}
writeFileSync(
  new URL("codemirror.LICENSE.txt", out),
  [...byText]
    .map(([text, names]) => `${names.join("\n")}\n\n${text}\n`)
    .join(`\n${"-".repeat(72)}\n\n`),
);
