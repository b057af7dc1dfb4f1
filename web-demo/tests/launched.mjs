// A browser, chrome, firefox or webkit, that saves into a folder without asking; more flags for the first, preferences for the second.
import puppeteer from 'puppeteer-core';
import { webkit } from './webkit.mjs';

export function launched(browser, executablePath, folder, more) {
  if (browser === 'webkit') return webkit(executablePath, folder);
  const options = { browser, executablePath, protocolTimeout: 300_000 };
  if (browser === 'chrome') {
    const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run', '--lang=en', ...(more ?? [])];
    return puppeteer.launch({ ...options, args, downloadBehavior: { policy: 'allow', downloadPath: folder } });
  }
  const extraPrefsFirefox = {
    'browser.download.dir': folder,
    'browser.download.folderList': 2,
    'browser.download.useDownloadDir': true,
    'intl.accept_languages': 'en',
    ...more,
  };
  return puppeteer.launch({ ...options, extraPrefsFirefox });
}
