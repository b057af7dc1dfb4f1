// node browser.mjs '{"browser", "program", "port", "folder", "photos": {...}, "gpu"}': the site in a real browser; prints what it saw as JSON.
import { readFile, readdir, rename, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import http from 'node:http';
import net from 'node:net';
import { launched } from './launched.mjs';

const { browser: kind, program, port, folder, photos, gpu, model } = JSON.parse(process.argv[2]);
const patience = { timeout: 240_000 };
// Between the browser and the site's server, to be cut.
const sockets = new Set();
const wire = net.createServer((near) => {
  const far = net.connect(port, '127.0.0.1');
  for (const socket of [near, far]) sockets.add(socket.on('error', () => {}).on('close', () => (near.destroy(), far.destroy())));
  near.pipe(far).pipe(near);
});
await new Promise((resolve) => wire.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${wire.address().port}/`;

const browser = await launched(kind, program, folder, gpu ? ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'] : undefined);
const page = await browser.newPage();
await page.setViewport({ width: 1200, height: 900 });
const complaints = [];
page.on('console', (message) => message.type() === 'error' && !/^(INFO|WARNING):/.test(message.text()) && complaints.push(message.text()));
page.on('pageerror', (error) => complaints.push(String(error)));

async function go(query = '') {
  await page.goto(url + query, patience);
  await page.waitForFunction(() => document.documentElement.dataset.offline === 'ready', patience);
}

/** What the page shows once it has done its work. */
async function settled() {
  await page.waitForFunction(() => document.getElementById('progress').hidden && (document.getElementById('status').textContent || document.getElementById('error').textContent), patience);
  return page.evaluate(async () => {
    const text = (id) => document.getElementById(id).textContent;
    const canvas = document.getElementById('after');
    const shown = !document.getElementById('result').hidden;
    let hash = null;
    if (shown) {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const rgb = new Uint8Array((data.length / 4) * 3);
      for (let p = 0, q = 0; p < data.length; p += 4) for (let c = 0; c < 3; c++) rgb[q++] = data[p + c];
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', rgb));
      hash = Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('');
    }
    const { device } = document.documentElement.dataset;
    const again = !document.getElementById('file').value; // the same file, chosen once more, is a change
    return { status: text('status'), error: text('error'), again, shown, hash, width: canvas.width, height: canvas.height, device };
  });
}

async function take(photo) {
  await page.evaluate(() => { document.getElementById('status').textContent = ''; document.getElementById('error').textContent = ''; });
  await (await page.$('#file')).uploadFile(photo);
}

async function choose(family) {
  // A page that has just been loaded, as for another screen, has no models yet.
  await page.waitForSelector(`#models [data-family="${family}"]`, patience);
  await page.evaluate((name) => {
    const words = [...document.querySelectorAll('#models [data-family]')].find((e) => e.dataset.family === name);
    words.closest('label').querySelector('input').click();
  }, family);
}

/** What a button saves is kept under a name; a browser writes to a file of another one, or beside one that is empty. */
async function saved(button, name, as, meanwhile) {
  await page.click(button);
  await meanwhile?.();
  for (let tries = 0; tries < 600; tries++) {
    const size = await stat(`${folder}/${name}`).then((found) => found.size, () => 0);
    if (size && !(await readdir(folder)).some((other) => /\.(part|crdownload|wkdownload)$/.test(other))) return rename(`${folder}/${name}`, `${folder}/${as}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${name} was not saved: ${await readdir(folder)}`);
}

/** Another photo is taken and shown before this one is encoded. */
async function savedLate(button, name, as, other) {
  await page.evaluate(() => {
    const { toBlob } = HTMLCanvasElement.prototype;
    HTMLCanvasElement.prototype.toBlob = function (given, ...how) {
      HTMLCanvasElement.prototype.toBlob = toBlob;
      toBlob.call(this, (blob) => (window.encoded = () => given(blob)), ...how);
    };
  });
  await saved(button, name, as, async () => {
    await take(other);
    await settled();
    await page.evaluate(() => window.encoded());
  });
}

// Workers listen to the test too; one browser alone lets a driver into them.
await page.evaluateOnNewDocument(() => {
  const listening = `
    addEventListener('message', async (event) => {
      const { test, url } = event.data;
      if (test) event.stopImmediatePropagation();
      if (test === 'fail') self.onmessage = ({ data }) => postMessage({ number: data.number, error: 'the device is lost' });
      if (test === 'connect') postMessage({ connected: await fetch(url).then(({ ok }) => ok, () => false) });
    });
  `;
  const { Blob, Worker } = window;
  window.Blob = class extends Blob {
    constructor(parts, options) {
      super(options?.type === 'text/javascript' ? [listening, ...parts] : parts, options);
    }
  };
  window.workers = [];
  window.Worker = class extends Worker {
    constructor(...how) {
      super(...how);
      window.workers.push(this);
    }

    terminate() {
      super.terminate();
      window.workers = window.workers.filter((other) => other !== this);
    }
  };
});

/** The first worker fails from now on, the others do not. */
function breakOne() {
  return page.evaluate(() => window.workers[0].postMessage({ test: 'fail' }));
}

/** A photo as a drop or the clipboard brings it. */
async function bring(kind, photo) {
  const bytes = await readFile(photo, 'base64');
  await page.evaluate(async (content, kind) => {
    for (const id of ['status', 'error']) document.getElementById(id).textContent = '';
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], 'brought.png', { type: 'image/png' }));
    const how = { bubbles: true, cancelable: true };
    document.body.dispatchEvent(kind === 'drop' ? new DragEvent(kind, { ...how, dataTransfer: transfer }) : new ClipboardEvent(kind, { ...how, clipboardData: transfer }));
  }, bytes, kind);
}

/** Whether the worker that computes reaches the site's host, and another that would let it; how often that one was asked. */
async function reached() {
  let asked = 0;
  const other = http.createServer((request, response) => {
    asked++;
    response.writeHead(200, { 'access-control-allow-origin': '*' }).end();
  });
  await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
  const connect = (address) => page.evaluate((url) => new Promise((resolve) => {
    const [worker] = window.workers;
    worker.addEventListener('message', ({ data }) => 'connected' in data && resolve(data.connected), { once: true });
    worker.postMessage({ test: 'connect', url });
  }), address);
  const found = [await connect(`${url}models/models.json`), await connect(`http://127.0.0.1:${other.address().port}/`), asked];
  other.close();
  return found;
}

async function mix(strength) {
  await page.$eval('#strength', (input, value) => { input.value = value; for (const kind of ['input', 'change']) input.dispatchEvent(new Event(kind, { bubbles: true })); }, strength);
}

async function accessible() {
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(source);
  return page.evaluate(async () => (await axe.run()).violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(' ')}`));
}

const seen = {};
await go();
seen.empty = await accessible();
await take(photos.plain);
seen.int8 = await settled();
if (!seen.int8.shown) throw new Error(`no result: ${JSON.stringify(seen.int8)} ${complaints}`);
seen.full = await accessible();
await saved('#savePng', 'cup_x4.png', 'int8.png');
await page.screenshot({ path: `${folder}/wide.png`, fullPage: true });
if (photos.more) {
  await savedLate('#saveJpeg', 'cup_x4.jpg', 'int8.jpg', photos.transparent);
  await take(photos.plain);
  await settled();
  await choose('edge-m-real-gan-x4');
  seen.looks = await settled();
  await mix(40);
  seen.mixed = await settled();
  await choose('edge-m-x2');
  seen.twice = await settled();
  for (const how of ['drop', ...(kind === 'firefox' ? [] : ['paste'])]) {
    await bring(how, photos.plain); // Firefox gives a script no clipboard of its own
    seen[how] = await settled();
  }
  await take(photos.transparent);
  seen.transparent = await settled();
  for (const photo of ['broken', 'cut', 'webp', 'jpeg']) {
    await take(photos[photo]);
    seen[photo] = await settled();
  }
  await take(photos.large);
  // In the page: from here a quick machine may be done before the click arrives.
  await page.waitForFunction(() => document.getElementById('progress').value > 0 && (document.getElementById('cancel').click(), true), patience);
  seen.cancelled = await settled();
  await take(photos.large);
  await page.waitForFunction(() => document.getElementById('progress').value > 0, patience);
  await bring('drop', photos.plain);
  await choose(model);
  seen.both = await settled();
  await breakOne();
  await take(photos.plain);
  seen.failed = await settled();
  await take(photos.plain);
  seen.afterwards = await settled();
  await page.select('#language', 'de');
  seen.german = await page.evaluate(() => [document.documentElement.lang, document.body.innerText]);
  await page.select('#language', 'en');
}
if (gpu) {
  await go('?format=int8');
  await page.select('#device', 'webgpu');
  await take(photos.plain);
  seen.int8gpu = await settled();
  if (!seen.int8gpu.error) {
    await saved('#savePng', 'cup_x4.png', 'int8gpu.png');
    await go();
    await page.evaluate(() => { navigator.gpu.requestAdapter = async () => ({ info: { architecture: 'one that is no program' } }); });
    await take(photos.plain);
    seen.chosen = await settled();
    await breakOne();
    await take(photos.plain);
    seen.fallback = await settled();
  }
}
await go('?format=fp16');
if (gpu) await page.select('#device', 'webgpu');
await take(photos.plain);
seen.fp16 = await settled();
if (seen.fp16.shown) await saved('#savePng', 'cup_x4.png', 'fp16.png');
if (photos.more) {
  await choose('edge-m-real-gan-x4');
  await mix(40);
  seen.fp16mixed = await settled();
}
seen.complaints = [...complaints]; // without that of what is forbidden
seen.reached = await reached();
if (photos.more) {
  await go();
  await page.setViewport({ width: 360, height: 700, isMobile: true, hasTouch: true });
  await choose(model);
  await take(photos.plain);
  seen.narrow = { ...(await settled()), spare: await page.evaluate(() => innerWidth - document.scrollingElement.scrollWidth) };
  seen.narrowAccess = await accessible();
  await page.$eval('#cut', (input) => { input.value = 80; input.dispatchEvent(new Event('input')); });
  await page.screenshot({ path: `${folder}/narrow.png`, fullPage: true });
  wire.close();
  for (const socket of sockets) socket.destroy();
  // The photo comes before the list of models.
  await page.evaluateOnNewDocument(() => {
    const { fetch } = window;
    window.fetch = async (...request) => {
      if (String(request[0]).endsWith('models.json')) await new Promise((resolve) => setTimeout(resolve, 1000));
      return fetch(...request);
    };
  });
  await page.reload(patience);
  await take(photos.plain);
  seen.offline = await settled();
  // What a form had is not there again after a reload, as Firefox would have it, where the page knows nothing of it.
  seen.boundary = await page.evaluate(() => [document.getElementById('cut').value, getComputedStyle(document.getElementById('view')).getPropertyValue('--cut')]);
}
await browser.close();
wire.close();
console.log(JSON.stringify(seen));
