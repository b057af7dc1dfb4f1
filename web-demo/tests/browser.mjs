// node browser.mjs '{"chromium", "url", "folder", "photos": {...}, "gpu"}': the site in a real browser; prints what it saw as JSON.
import { readFile, rename } from 'node:fs/promises';
import { createRequire } from 'node:module';
import puppeteer from 'puppeteer-core';

const { chromium, url, folder, photos, gpu, model } = JSON.parse(process.argv[2]);
const patience = { timeout: 240_000 };
const flags = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run', '--lang=en'];
if (gpu) flags.push('--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan');
const browser = await puppeteer.launch({ executablePath: chromium, args: flags, protocolTimeout: 300_000 });
const page = await browser.newPage();
await page.setViewport({ width: 1200, height: 900 });
const complaints = [];
page.on('console', (message) => message.type() === 'error' && !/^(INFO|WARNING):/.test(message.text()) && complaints.push(message.text()));
page.on('pageerror', (error) => complaints.push(String(error)));
const client = await browser.target().createCDPSession();
await client.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder, eventsEnabled: true });

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
    return { status: text('status'), error: text('error'), shown, hash, width: canvas.width, height: canvas.height, device };
  });
}

async function take(photo) {
  await page.evaluate(() => { document.getElementById('file').value = ''; document.getElementById('status').textContent = ''; document.getElementById('error').textContent = ''; });
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

async function saved(button, ending, meanwhile) {
  const begun = Date.now();
  const done = new Promise((resolve, reject) => {
    client.on('Browser.downloadProgress', ({ state }) => state === 'completed' && resolve());
    setTimeout(() => reject(new Error(`${ending} was not saved`)), 60_000);
  });
  await page.$eval(button, (b) => b.click());
  await meanwhile?.();
  await done;
  return Date.now() - begun;
}

/** Another photo is taken and shown before this one is encoded. */
async function savedLate(button, ending, other) {
  await page.evaluate(() => {
    const { toBlob } = HTMLCanvasElement.prototype;
    HTMLCanvasElement.prototype.toBlob = function (given, ...how) {
      HTMLCanvasElement.prototype.toBlob = toBlob;
      toBlob.call(this, (blob) => (window.encoded = () => given(blob)), ...how);
    };
  });
  await saved(button, ending, async () => {
    await take(other);
    await settled();
    await page.evaluate(() => window.encoded());
  });
}

/** The first worker fails from now on, the others do not. */
function breakOne() {
  return page.workers()[0].evaluate(() => { self.onmessage = ({ data }) => postMessage({ number: data.number, error: 'the device is lost' }); });
}

/** A photo is taken and a model chosen while the one before is being computed. */
async function takeAndChoose(photo, family) {
  const bytes = await readFile(photo, 'base64');
  await page.evaluate(async (content, name) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], 'both.png', { type: 'image/png' }));
    const input = document.getElementById('file');
    input.files = transfer.files;
    input.dispatchEvent(new Event('change'));
    document.querySelector(`#models [data-family="${name}"]`).closest('label').querySelector('input').click();
  }, bytes, family);
}

/** What forbids a worker to connect to another host. */
function forbidden() {
  return page.workers()[0].evaluate(async () => {
    const violation = new Promise((resolve) => addEventListener('securitypolicyviolation', (e) => resolve(e.effectiveDirective)));
    const answer = fetch('http://192.0.2.1/').catch(() => new Promise((resolve) => setTimeout(resolve, 1000, 'nothing')));
    return Promise.race([violation, answer]);
  });
}

async function mix(strength) {
  await page.$eval('#strength', (input, value) => { input.value = value; for (const kind of ['input', 'change']) input.dispatchEvent(new Event(kind, { bubbles: true })); }, strength);
}

async function accessible() {
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await client.send('Target.getTargets');
  const cdp = await page.createCDPSession();
  await cdp.send('Runtime.evaluate', { expression: source });
  return page.evaluate(async () => (await axe.run()).violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(' ')}`));
}

const seen = {};
await go();
seen.empty = await accessible();
await take(photos.plain);
seen.int8 = await settled();
if (!seen.int8.shown) throw new Error(`no result: ${JSON.stringify(seen.int8)} ${complaints}`);
seen.full = await accessible();
await saved('#savePng', 'png');
await page.screenshot({ path: `${folder}/wide.png`, fullPage: true });
if (photos.more) {
  await savedLate('#saveJpeg', 'jpg', photos.transparent);
  await take(photos.plain);
  await settled();
  await choose('edge-m-real-gan-x4');
  seen.looks = await settled();
  await mix(40);
  seen.mixed = await settled();
  await choose('edge-m-x2');
  seen.twice = await settled();
  await take(photos.transparent);
  seen.transparent = await settled();
  await take(photos.broken);
  seen.broken = await settled();
  await take(photos.large);
  // In the page: from here a quick machine may be done before the click arrives.
  await page.waitForFunction(() => document.getElementById('progress').value > 0 && (document.getElementById('cancel').click(), true), patience);
  seen.cancelled = await settled();
  await take(photos.large);
  await page.waitForFunction(() => document.getElementById('progress').value > 0, patience);
  await takeAndChoose(photos.plain, model);
  seen.both = await settled();
  await breakOne();
  await take(photos.plain);
  seen.failed = await settled();
  await take(photos.plain);
  seen.afterwards = await settled();
  await page.select('#language', 'de');
  seen.german = await page.evaluate(() => [document.documentElement.lang, document.body.innerText]);
  await page.select('#language', 'en');
  await page.setViewport({ width: 360, height: 700, isMobile: true, hasTouch: true });
  await choose(model);
  await take(photos.plain);
  seen.narrow = { ...(await settled()), spare: await page.evaluate(() => innerWidth - document.scrollingElement.scrollWidth) };
  seen.narrowAccess = await accessible();
  await page.screenshot({ path: `${folder}/narrow.png`, fullPage: true });
  await page.setOfflineMode(true);
  await (await browser.waitForTarget((target) => target.type() === 'service_worker')).createCDPSession().then((worker) => worker.send('Network.emulateNetworkConditions', { offline: true, latency: 0, downloadThroughput: -1, uploadThroughput: -1 }));
  // The photo comes before the list of models.
  const slow = await page.evaluateOnNewDocument(() => {
    const { fetch } = window;
    window.fetch = async (...request) => {
      if (String(request[0]).endsWith('models.json')) await new Promise((resolve) => setTimeout(resolve, 1000));
      return fetch(...request);
    };
  });
  await page.reload(patience);
  await take(photos.plain);
  seen.offline = await settled();
  await page.removeScriptToEvaluateOnNewDocument(slow.identifier);
  await page.setOfflineMode(false);
}
if (gpu) {
  await go('?format=int8');
  await page.select('#device', 'webgpu');
  await take(photos.plain);
  seen.int8gpu = await settled();
  // A later download of the same name would take its place.
  if (!seen.int8gpu.error) {
    await saved('#savePng', 'png');
    await rename(`${folder}/cup_x4.png`, `${folder}/int8gpu.png`);
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
if (gpu) {
  await saved('#savePng', 'png');
}
if (photos.more) {
  await choose('edge-m-real-gan-x4');
  await mix(40);
  seen.fp16mixed = await settled();
}
seen.complaints = [...complaints]; // without those of what is forbidden
seen.forbidden = await forbidden();
await browser.close();
console.log(JSON.stringify(seen));
