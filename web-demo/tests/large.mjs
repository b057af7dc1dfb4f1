// node large.mjs chrome|firefox|webkit PROGRAM URL PHOTO [FAMILY]: what a large photo costs in a browser, as JSON: seconds by the clock, the processors' and the most memory.
import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { launched } from './launched.mjs';

const [kind, program, url, photo, family] = process.argv.slice(2);
const browser = await launched(kind, program, tmpdir());
const page = await browser.newPage();

/** Megabytes and seconds of the browser and all that it started: proportional memory, so that shared pages count once. */
function usage() {
  const parents = new Map(execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n').map((line) => line.trim().split(/\s+/).map(Number)));
  const root = browser.process().pid;
  const ours = (pid) => pid === root || (parents.get(pid) > 1 && ours(parents.get(pid)));
  let megabytes = 0;
  let seconds = 0;
  for (const pid of [...parents.keys()].filter(ours)) {
    try {
      megabytes += Number(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').match(/^Pss:\s+(\d+)/m)[1]) / 1024;
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
      seconds += (Number(fields[11]) + Number(fields[12])) / 100;
    } catch {} // it has ended
  }
  return { megabytes, seconds };
}

await page.goto(url, { timeout: 1_500_000 });
await page.waitForFunction(() => document.documentElement.dataset.offline === 'ready');
if (family) {
  await page.evaluate((name) => [...document.querySelectorAll('#models [data-family]')].find((e) => e.dataset.family === name).closest('label').querySelector('input').click(), family);
}
const before = usage();
const started = Date.now();
let most = 0;
const watch = setInterval(() => (most = Math.max(most, usage().megabytes)), 500);
await (await page.$('#file')).uploadFile(photo);
const words = () => page.evaluate(() => [document.getElementById('progress').hidden, document.getElementById('status').textContent, document.getElementById('error').textContent]);
let said = [false, '', ''];
do {
  await new Promise((done) => setTimeout(done, 1000));
  said = await words();
} while (!said[0] || !(said[1] || said[2]));
clearInterval(watch);
const seen = { status: said[1], error: said[2], clock: (Date.now() - started) / 1000, cpu: usage().seconds - before.seconds, idle: before.megabytes, most };
await browser.close();
console.log(JSON.stringify(seen));
