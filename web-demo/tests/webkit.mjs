// WebKitGTK's MiniBrowser by WebDriver (W3C), on a screen of its own: as much of puppeteer's Browser and Page as browser.mjs uses.
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import net from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** Start `program`, a WebKitWebDriver; what is saved goes into a folder. */
export async function webkit(program, folder) {
  const port = await free();
  const environment = { ...process.env, GDK_BACKEND: 'x11', LANG: 'en_US.UTF-8', XDG_DOWNLOAD_DIR: folder, HOME: folder };
  const driver = spawn('xvfb-run', ['-a', '-s', '-screen 0 1400x1400x24', program, `--port=${port}`], { env: environment, detached: true, stdio: 'ignore' });
  const close = () => process.kill(-driver.pid); // it and what it started
  process.once('exit', close);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  const ask = async (method, path, body) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${value.error}: ${value.message}`);
    return value;
  };
  for (let tries = 0; ; tries++) {
    try {
      await ask('GET', '/status');
      break;
    } catch (error) {
      if (tries > 100) throw error;
      await wait(100);
    }
  }
  const { sessionId, capabilities } = await ask('POST', '/session', { capabilities: {} });
  const page = new Page((method, path, body) => ask(method, `/session/${sessionId}${path}`, body));
  await page.ask('POST', '/timeouts', { script: 240_000, pageLoad: 120_000, implicit: 0 });
  return {
    version: async () => `${capabilities.browserName}/${capabilities.browserVersion}`,
    newPage: async () => page,
    process: () => driver,
    close: async () => {
      await page.ask('DELETE', '');
      process.off('exit', close);
      close();
    },
  };
}

async function free() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

class Page {
  constructor(ask) {
    Object.assign(this, { ask, first: [] });
  }

  on() {} // WebDriver knows no console

  /** WebDriver has no such thing: it is evaluated once a page is loaded. */
  async evaluateOnNewDocument(script) {
    this.first.push(script);
  }

  async goto(url) {
    await this.ask('POST', '/url', { url });
    for (const script of this.first) await this.evaluate(script);
  }

  async reload() {
    await this.ask('POST', '/refresh', {});
    for (const script of this.first) await this.evaluate(script);
  }

  /** A function, or statements that give nothing: the page's policy forbids to evaluate what is a string there. */
  evaluate(script, ...given) {
    return typeof script === 'string' ? this.run(`${script}; done({})`, []) : this.call(`(${script})(...given)`, given);
  }

  call(expression, given = []) {
    return this.run(`(async () => ${expression})().then((value) => done({ value }), (error) => done({ error: String(error) }))`, given);
  }

  async run(statements, given) {
    const script = `const done = arguments[arguments.length - 1], given = [...arguments].slice(0, -1); ${statements}`;
    const { value, error } = await this.ask('POST', '/execute/async', { script, args: given });
    if (error) throw new Error(error);
    return value;
  }

  async waitForFunction(script, { timeout = 30_000 } = {}, ...given) {
    for (const end = Date.now() + timeout; Date.now() < end; await wait(20)) if (await this.evaluate(script, ...given)) return;
    throw new Error(`waited for ${script}`);
  }

  waitForSelector(selector, options) {
    return this.waitForFunction((css) => Boolean(document.querySelector(css)), options, selector);
  }

  $eval(selector, script, ...given) {
    return this.call(`(${script})(document.querySelector(${JSON.stringify(selector)}), ...given)`, given);
  }

  async $(selector) {
    const [id] = Object.values(await this.ask('POST', '/element', { using: 'css selector', value: selector }));
    const act = (what, body) => this.ask('POST', `/element/${id}/${what}`, body);
    return { click: () => act('click', {}), uploadFile: (path) => act('value', { text: path }) };
  }

  async click(selector) {
    await (await this.$(selector)).click();
  }

  select(selector, value) {
    return this.evaluate((css, value) => {
      const element = document.querySelector(css);
      element.value = value;
      element.dispatchEvent(new Event('change', { bubbles: true }));
    }, selector, value);
  }

  async setViewport({ width, height }) {
    await this.ask('POST', '/window/rect', { width, height });
  }

  async screenshot({ path }) {
    await writeFile(path, Buffer.from(await this.ask('GET', '/screenshot'), 'base64'));
  }
}
