/** The inspector's page in a real browser, and the person in front of it. */

/** @import { Browser, Page } from '../browsers/browser.js' */
/** @import { InspectorOptions } from '../../inspector/server.js' */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { startInspector } from '../../inspector/server.js';
import { targetFolder } from '../../scripts/support.js';

const pictures = join(targetFolder, 'inspector');

/** For one thing to happen in the page, on a busy machine. Milliseconds. */
const PATIENCE = 30_000;

/**
 * Opens the inspector for a server, as its command does.
 *
 * @param {Browser} browser
 * @param {InspectorOptions} options
 */
export async function openInspector(browser, options) {
  const inspector = await startInspector(options);
  const page = await browser.newPage();
  /** @type {string[]} */
  const errors = [];
  page.on('pageerror', (error) => void errors.push(String(error)));
  await page.setViewport({ width: 1280, height: 800 });
  await page.goto(inspector.url);
  await page.waitForSelector('#step-discover');
  return new InspectorPage(browser, page, inspector, errors);
}

export class InspectorPage {
  /**
   * @param {Browser} browser
   * @param {Page} page
   * @param {import('../../inspector/server.js').Inspector} inspector
   * @param {string[]} errors what scripts of the page threw
   */
  constructor(browser, page, inspector, errors) {
    this.browser = browser;
    this.page = page;
    this.inspector = inspector;
    this.errors = errors;
  }

  /** @param {string} selector */
  text(selector) {
    return this.page.$eval(selector, (element) => element.textContent ?? '');
  }

  /** @param {string} selector */
  click(selector) {
    // By the page itself: what a sticky heading covers is clicked all the same.
    return this.page.$eval(selector, (element) => /** @type {HTMLElement} */ (element).click());
  }

  /**
   * Gives the settings of the server, as a person types them.
   *
   * @param {object} settings
   */
  async set(settings) {
    await this.click('#edit-settings');
    await this.page.$eval('#settings-text', (element, text) => void (/** @type {HTMLTextAreaElement} */ (element).value = text), JSON.stringify(settings));
    await this.click('#save-settings');
  }

  /** Waits until nothing is under way any more. */
  async ended() {
    await this.page.waitForFunction(() => document.querySelector('#alert [role=alert]') || !document.querySelector('.step.under-way'), { timeout: PATIENCE });
  }

  /** Runs the whole sign-in by a real click, which lets the page open a window. */
  async runAll() {
    await this.page.click('#run-all');
    await this.page.waitForFunction(() => document.querySelector('.step.under-way') || document.querySelector('#alert [role=alert]'), { timeout: PATIENCE });
    await this.ended();
  }

  /**
   * Signs in at oidc-provider's own pages, in whatever windows open, until `done`.
   *
   * @param {() => Promise<boolean>} done
   */
  async signInUntil(done) {
    const since = Date.now();
    while (!(await done())) {
      if (Date.now() - since > PATIENCE) throw new Error(`The sign-in did not end: ${await this.text('#status')} ${await this.text('#alert')}`);
      for (const window of await this.browser.pages()) if (window !== this.page) await answerPage(window);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** @returns {Promise<Record<string, string>>} the facts of the alert, by their names; and its title, code and whole text */
  async alert() {
    await this.page.waitForSelector('#alert [role=alert]', { timeout: PATIENCE });
    return this.page.$eval('#alert [role=alert]', (element) => {
      const facts = [...element.querySelectorAll('dl > div')].map((fact) => [fact.querySelector('dt')?.textContent ?? '', fact.querySelector('dd')?.innerText ?? '']);
      const { bottom } = element.getBoundingClientRect();
      return { ...Object.fromEntries(facts), title: element.querySelector('strong')?.textContent ?? '', code: element.querySelector('code')?.textContent ?? '', all: element.textContent ?? '', bottom: String(bottom) };
    });
  }

  /** @returns {Promise<Record<string, string[]>>} the words of the matrix, by scope */
  async scopes() {
    const rows = await this.page.$$eval('#scopes tr.scope-row', (rows) => rows.map((row) => [row.querySelector('th code')?.textContent ?? '', [...row.querySelectorAll('td .word')].map((word) => word.textContent ?? '')]));
    return Object.fromEntries(rows);
  }

  /** @param {string} name */
  async picture(name) {
    mkdirSync(pictures, { recursive: true });
    await this.page.screenshot({ path: /** @type {`${string}.png`} */ (join(pictures, `${name}.png`)) });
  }

  async close() {
    for (const window of await this.browser.pages()) if (window !== this.page && window.url().startsWith('http')) await window.close().catch(() => {});
    await this.page.close();
    await this.inspector.close();
  }
}

/**
 * What a person does on a page of oidc-provider.
 *
 * @param {Page} window
 */
async function answerPage(window) {
  try {
    if (!window.url().includes('/interaction/')) return;
    const login = await window.$('input[name=login]');
    if (login) {
      await window.$eval('input[name=login]', (input) => void (/** @type {HTMLInputElement} */ (input).value = 'alice'));
      await window.$eval('input[name=password]', (input) => void (/** @type {HTMLInputElement} */ (input).value = 'any'));
    }
    const submit = await window.$('button[type=submit]');
    if (submit) await Promise.all([window.waitForNavigation({ timeout: PATIENCE }).catch(() => {}), submit.evaluate((button) => /** @type {HTMLButtonElement} */ (button).click())]);
  } catch {
    // It navigated away meanwhile.
  }
}
