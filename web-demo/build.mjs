// node build.mjs OUT: the site without its models, which srgan-edge web adds.
import { build } from 'esbuild';
import { cp, mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const out = process.argv[2];
if (!out) throw new Error('say where: node build.mjs OUT');

await rm(out, { recursive: true, force: true });
await mkdir(`${out}/wasm`, { recursive: true });
await build({
  entryPoints: [`${here}src/main.js`, `${here}src/worker.js`],
  outdir: out,
  bundle: true,
  minify: true,
  format: 'iife', // workers that import scripts must be classic
  target: ['es2022'],
  logLevel: 'warning',
});
for (const name of ['index.html', 'style.css', 'icon.svg', 'manifest.webmanifest', 'sw.js']) await cp(`${here}src/${name}`, `${out}/${name}`);
for (const kind of ['', '_compat', '_jspi']) {
  for (const ending of ['js', 'wasm']) {
    const name = `litert_wasm${kind}_internal.${ending}`;
    await cp(`${here}node_modules/@litertjs/core/wasm/${name}`, `${out}/wasm/${name}`);
  }
}
