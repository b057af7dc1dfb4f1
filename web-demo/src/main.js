// The page: a photo comes in, is enlarged, is looked at and saved.
import { Compare } from './compare.js';
import { Engine, graphicsCard } from './engine.js';
import { upright } from './exif.js';
import { intoJpeg, intoPng } from './metadata.js';
import { decoded, drawable } from './photo.js';
import { Told, WORDS } from './words.js';

const $ = (id) => document.getElementById(id);
const compare = new Compare({ frame: $('view'), before: $('before'), after: $('after'), cut: $('cut'), zoom: $('zoom') });

let say = WORDS.en;
let models = []; // groups: {purpose, scale, int8, fp16}
let photo = null; // {blob}, and once it is decoded {name, pixels, metadata, white}
let result = null; // what is shown: {name, scale, metadata}
let engine = null;
let running = null; // the AbortController of what is computed
let queue; // of what is done, one at a time

function speak(language) {
  say = WORDS[language];
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll('[data-say]')) element.textContent = say[element.dataset.say];
  for (const element of document.querySelectorAll('[data-purpose]')) element.textContent = named(element.dataset);
  describe();
  try {
    localStorage.setItem('language', language);
  } catch {} // storage may be forbidden
}

const named = ({ purpose, scale, family }) => `${say[purpose] ?? purpose} (×${scale}, ${family})`;

function describe() {
  if (!result) return;
  $('before').setAttribute('aria-label', say.before($('before').width, $('before').height));
  $('after').setAttribute('aria-label', say.after($('after').width, $('after').height));
}

function offer() {
  const fastest = models.find((m) => m.default) ?? models[0];
  for (const [index, model] of models.entries()) {
    const label = document.createElement('label');
    const radio = document.createElement('input');
    Object.assign(radio, { type: 'radio', name: 'model', value: index, checked: model === fastest });
    const words = document.createElement('span');
    Object.assign(words.dataset, { purpose: model.purpose, scale: model.scale, family: model.family });
    label.append(radio, ' ', words);
    $('models').append(label);
  }
}

/** What is chosen: models, the first of them plain, and how much of the second is mixed in. */
function chosen() {
  const model = models[Number(new FormData($('settings')).get('model'))];
  const plain = model.purpose === 'looks' && models.find((m) => m.family === model.plain);
  $('strengthRow').hidden = !plain;
  const strength = $('strength').value / 100;
  $('strengthSays').textContent = `${$('strength').value} %`;
  return plain && strength < 1 ? { groups: [plain, model], strength } : { groups: [model], strength: 1 };
}

/** The devices to try in order; naming one means that one alone. */
async function devices() {
  const wanted = $('device').value;
  if (wanted === 'wasm') return ['wasm'];
  const card = await graphicsCard();
  if (wanted === 'webgpu') {
    if (!card) throw new Told('noGpu');
    return ['webgpu'];
  }
  return card && !card.software ? ['webgpu', 'wasm'] : ['wasm'];
}

async function opened(groups, device) {
  const forced = new URLSearchParams(location.search).get('format');
  const format = forced ?? (device === 'webgpu' ? 'fp16' : 'int8');
  const cards = groups.map((group) => group[format] ?? group.int8 ?? group.fp16);
  const key = [device, ...cards.map((card) => card.name)].join();
  if (engine?.key !== key) {
    forget();
    engine = await Engine.open(cards, device);
    engine.key = key;
  }
  return engine;
}

function forget() {
  engine?.close();
  engine = null;
}

/** Enlarge the photo on the first of the devices that does it. */
async function enlarge(signal) {
  $('result').hidden = true;
  $('status').textContent = say.opening;
  $('progress').removeAttribute('value');
  $('progress').hidden = $('cancel').hidden = false;
  const mine = photo; // another one may be taken meanwhile
  const choice = chosen();
  if (!mine.pixels) Object.assign(mine, await decoded(mine.blob, $('before')));
  let reason;
  for (const device of await devices()) {
    try {
      signal.throwIfAborted();
      return await enlargeOn(device, mine, choice, signal);
    } catch (error) {
      if (error === signal.reason || error instanceof Told) throw error;
      forget(); // a worker has failed, others are amid a tile, a graphics card may be lost
      reason = error;
    }
  }
  throw reason;
}

async function enlargeOn(device, { name, pixels, metadata, white }, { groups, strength }, signal) {
  const ready = await opened(groups, device);
  signal.throwIfAborted();
  const [width, height] = [pixels.width * ready.scale, pixels.height * ready.scale];
  const context = drawable($('after'), width, height);
  const started = performance.now();
  await ready.run(pixels, {
    strength,
    signal,
    put: (part, x, y) => context.putImageData(part, x, y),
    progress: (done, all) => {
      $('progress').value = done / all;
      $('status').textContent = say.working(done, all);
    },
  });
  const seconds = ((performance.now() - started) / 1000).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 });
  $('status').textContent = say.done(width, height, seconds) + (white ? say.white : '');
  const exif = metadata.exif && upright(metadata.exif, width, height);
  result = { name, scale: ready.scale, metadata: { ...metadata, exif } };
  $('result').hidden = false;
  document.documentElement.dataset.device = device;
  describe();
  compare.show();
}

function tell(error) {
  const { says, about } = error instanceof Told ? error : new Told('failed', error.message ?? error);
  $('error').textContent = about.length ? say[says](...about) : say[says];
}

/** Do one thing at a time; a new one ends that before it. */
function instead(work) {
  running?.abort();
  const controller = (running = new AbortController());
  queue = queue.then(async () => {
    if (controller.signal.aborted) return;
    $('error').textContent = '';
    try {
      await work(controller.signal);
    } catch (error) {
      $('status').textContent = '';
      if (controller.signal.aborted) $('status').textContent = say.cancelled;
      else tell(error);
    } finally {
      $('progress').hidden = $('cancel').hidden = true;
    }
  });
}

function take(blob) {
  if (!blob) return tell(new Told('noPicture'));
  photo = { blob };
  instead(enlarge);
}

async function save(type, extension, into) {
  const { name, scale, metadata } = result; // another one may be shown before this is encoded
  const blob = await new Promise((resolve) => $('after').toBlob(resolve, type, 0.95));
  if (!blob) throw new Told('failed', type);
  const bytes = await into(new Uint8Array(await blob.arrayBuffer()), metadata);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([bytes], { type }));
  link.download = `${name}_x${scale}.${extension}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const picture = (items) => [...(items ?? [])].find((item) => item.type.startsWith('image/'));

function listen() {
  $('file').addEventListener('change', () => {
    const [file] = $('file').files;
    $('file').value = ''; // else the same one, chosen again, is no change
    if (file) take(file);
  });
  for (const kind of ['dragover', 'dragleave', 'drop']) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      $('drop').classList.toggle('over', kind === 'dragover');
      if (kind === 'drop') take(event.dataTransfer.files[0]);
    });
  }
  document.addEventListener('paste', (event) => take(picture(event.clipboardData.files)));
  $('settings').addEventListener('submit', (event) => event.preventDefault());
  $('settings').addEventListener('input', chosen);
  $('settings').addEventListener('change', () => photo && instead(enlarge));
  $('cancel').addEventListener('click', () => running?.abort());
  $('fit').addEventListener('click', () => compare.fit());
  $('full').addEventListener('click', () => compare.zoomTo(1 / devicePixelRatio));
  $('savePng').addEventListener('click', () => save('image/png', 'png', intoPng).catch(tell));
  $('saveJpeg').addEventListener('click', () => save('image/jpeg', 'jpg', intoJpeg).catch(tell));
  $('language').addEventListener('change', () => speak($('language').value));
}

async function start() {
  let language = navigator.language.startsWith('de') ? 'de' : 'en';
  try {
    language = localStorage.getItem('language') ?? language;
  } catch {}
  $('language').value = language in WORDS ? language : 'en';
  listen();
  speak($('language').value);
  models = await (await fetch('models/models.json')).json();
  offer();
  speak($('language').value);
  chosen();
  // The smallest module with a SIMD instruction: without it LiteRT cannot be loaded.
  const simd = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
  if (!globalThis.WebAssembly?.validate(Uint8Array.from(simd))) throw new Told('noWasm');
  keep();
}

/** Keep the site for when there is no network; where that cannot be, the page works all the same. */
async function keep() {
  try {
    await navigator.serviceWorker.register('sw.js');
    await navigator.serviceWorker.ready;
    document.documentElement.dataset.offline = 'ready';
  } catch (error) {
    console.warn(error);
  }
}

queue = start().catch(tell); // a photo may be taken before there are models
