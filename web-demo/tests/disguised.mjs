// node disguised.mjs '{"program", "url", "photo"}': what the page says in a Firefox that gives noise for a canvas's pixels, as JSON.
import { launched } from './launched.mjs';

const { program, url, photo } = JSON.parse(process.argv[2]);
const browser = await launched('firefox', program, '', { 'privacy.resistFingerprinting': true });
const page = await browser.newPage();
await page.goto(url);
await (await page.$('#file')).uploadFile(photo);
await page.waitForFunction(() => document.getElementById('error').textContent || !document.getElementById('result').hidden);
console.log(JSON.stringify(await page.evaluate(() => document.getElementById('error').textContent)));
await browser.close();
