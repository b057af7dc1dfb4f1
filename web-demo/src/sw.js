// Keeps the site for when there is no network. FILES and VERSION are written by srgan_edge/web.py.
const FILES = self.FILES ?? [];
// An origin may have several sites, each with caches of its own.
const SITE = `srgan-edge ${self.registration.scope} `;
const CACHE = SITE + (self.VERSION ?? '');

// The smallest module with a relaxed SIMD instruction: LiteRT loads the one file or the other by it.
const RELAXED = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253,
  128, 2, 11,
];

function needed(name) {
  if (!name.startsWith('wasm/')) return true;
  return name.includes(WebAssembly.validate(Uint8Array.from(RELAXED)) ? 'litert_wasm_internal' : 'litert_wasm_compat_internal');
}

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      // Past the browser's own cache, which may hold an older site's files.
      .then((cache) => cache.addAll(FILES.filter(needed).map((file) => new Request(file, { cache: 'reload' }))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  const old = async () => {
    for (const name of await caches.keys()) if (name.startsWith(SITE) && name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(old());
});

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin) return;
  const answer = async () => {
    const cache = await caches.open(CACHE);
    const kept = await cache.match(event.request, { ignoreSearch: true });
    if (kept) return kept;
    const response = await fetch(event.request, { cache: 'no-cache' });
    if (response.ok) await cache.put(event.request, response.clone());
    return response;
  };
  event.respondWith(answer());
});
