// node update.mjs '{"browser", "program", "first", "second", "photo"}': two sites of one origin, of which one is renewed, on a host with ordinary HTTP caching; what was seen as JSON.
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { extname } from 'node:path';
import { launched } from './launched.mjs';

const { browser: kind, program, first, second, photo } = JSON.parse(process.argv[2]);
const patience = { timeout: 120_000 };
const TYPES = { '.js': 'text/javascript', '.html': 'text/html', '.wasm': 'application/wasm', '.json': 'application/json', '.css': 'text/css', '.svg': 'image/svg+xml' };
const sites = { one: first, other: first };
let keeping = true; // whether the host has the service worker

const server = http.createServer(async (request, response) => {
  const [, site, ...path] = new URL(request.url, 'http://localhost').pathname.split('/');
  const name = path.join('/') || 'index.html';
  try {
    if (name === 'sw.js' && !keeping) throw new Error('none');
    const content = await readFile(`${sites[site]}/${name}`);
    response.writeHead(200, { 'content-type': TYPES[extname(name)] ?? 'application/octet-stream', 'cache-control': 'max-age=600' });
    response.end(content);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = (site) => `http://127.0.0.1:${server.address().port}/${site}/`;
const browser = await launched(kind, program, '');
let page = await browser.newPage();
const ready = () => page.waitForFunction(() => document.documentElement.dataset.offline === 'ready', patience);
const caches = () => page.evaluate(() => caches.keys());

async function go(site) {
  await page.goto(address(site), patience);
  await ready();
}

const seen = {};
await go('one');
await go('other');
seen.before = await caches();
sites.one = second;
await go('one');
await page.waitForFunction(async (before) => (await caches.keys()).some((name) => !before.includes(name)) && (await caches.keys()).length === before.length, patience, seen.before);
await page.reload(patience);
await ready();
seen.after = await caches();
seen.renewed = await page.evaluate(() => window.SECOND === true);

// No host any more: what the workers load comes out of the cache too.
await new Promise((resolve) => (server.close(resolve), server.closeAllConnections()));
await page.reload(patience);
await (await page.$('#file')).uploadFile(photo);
await page.waitForFunction(() => document.getElementById('progress').hidden && (!document.getElementById('result').hidden || document.getElementById('error').textContent), patience);
seen.alone = await page.evaluate(() => [!document.getElementById('result').hidden, document.getElementById('error').textContent]);

keeping = false;
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
page = await (await browser.createBrowserContext()).newPage();
const warned = new Promise((resolve) => page.on('console', (message) => message.type() === 'warn' && resolve(message.text())));
await page.goto(address('one'), patience);
const red = page.waitForFunction(() => document.getElementById('error').textContent, patience).catch(() => {}); // the browser is closed
await Promise.race([warned, red]);
seen.unkept = await page.evaluate(() => document.getElementById('error').textContent);
await browser.close();
server.close();
console.log(JSON.stringify(seen));
