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
   * Clicks as a person does: only that lets the page open a window.
   *
   * @param {string} selector
   */
  async press(selector) {
    // Pages behind others take no clicks.
    await this.page.bringToFront();
    await this.page.click(selector);
  }

  /**
   * Gives the settings of the server, as a person types them.
   *
   * @param {object} settings
   */
  async set(settings) {
    await this.click('#edit-settings');
    await this.page.$eval(
      'textarea#settings-text',
      (element, text) => void (element.value = text),
      JSON.stringify(settings),
    );
    await this.click('#save-settings');
  }

  /**
   * Waits. Not by the page itself, which does nothing while another window is in front of it.
   *
   * @param {() => Promise<unknown>} condition
   */
  async until(condition) {
    const since = Date.now();
    while (!(await condition())) {
      if (Date.now() - since > PATIENCE)
        throw new Error(`It did not happen: ${await this.text('#status')} ${await this.text('#alert')}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Waits until nothing is under way any more. */
  ended() {
    return this.until(
      async () => (await this.page.$('#alert [role=alert]')) ?? !(await this.page.$('.step.under-way')),
    );
  }

  /** Runs the whole sign-in by a real click, which lets the page open a window. */
  async runAll() {
    await this.press('#run-all');
    await this.until(() => this.page.$('.step.under-way, #alert [role=alert], .step.done'));
    await this.ended();
  }

  /**
   * Signs in at oidc-provider's own pages, in whatever windows open, until `done`.
   *
   * @param {() => Promise<boolean>} done
   */
  async signInUntil(done) {
    await this.until(async () => {
      if (await done()) return true;
      for (const window of await this.browser.pages()) if (window !== this.page) await answerPage(window);
      return false;
    });
  }

  /** @returns {Promise<Record<string, string>>} the facts of the alert, by their names; and its title, code and whole text */
  async alert() {
    await this.until(() => this.page.$('#alert [role=alert]'));
    return this.page.$eval('#alert [role=alert]', (element) => {
      const facts = [...element.querySelectorAll('dl > div')].map((fact) => [
        fact.querySelector('dt')?.textContent ?? '',
        [...(fact.querySelector('dd')?.childNodes ?? [])].map((part) => part.textContent).join(' '),
      ]);
      const { bottom } = element.getBoundingClientRect();
      return {
        ...Object.fromEntries(facts),
        title: element.querySelector('strong')?.textContent ?? '',
        code: element.querySelector('code')?.textContent ?? '',
        all: element.textContent ?? '',
        bottom: String(bottom),
      };
    });
  }

  /** @returns {Promise<Record<string, string[]>>} the words of the matrix, by scope */
  async scopes() {
    const rows = await this.page.$$eval('#scopes tr.scope-row', (rows) =>
      rows.map((row) => [
        row.querySelector('th code')?.textContent ?? '',
        [...row.querySelectorAll('td .word')].map((word) => word.textContent ?? ''),
      ]),
    );
    return Object.fromEntries(rows);
  }

  /** @param {string} name */
  async picture(name) {
    mkdirSync(pictures, { recursive: true });
    // Nor are they drawn.
    await this.page.bringToFront();
    await this.page.screenshot({ path: /** @type {`${string}.png`} */ (join(pictures, `${name}.png`)) });
  }

  async close() {
    for (const window of await this.browser.pages())
      if (window !== this.page && window.url().startsWith('http')) await window.close().catch(() => {});
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
      await window.$eval('input[name=login]', (input) => void (input.value = 'alice'));
      await window.$eval('input[name=password]', (input) => void (input.value = 'any'));
    }
    const submit = await window.$('button[type=submit]');
    if (submit)
      await Promise.all([
        window.waitForNavigation({ timeout: PATIENCE }).catch(() => {}),
        submit.evaluate((button) => /** @type {HTMLButtonElement} */ (button).click()),
      ]);
  } catch {
    // It navigated away meanwhile.
  }
}
