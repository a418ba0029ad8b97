import { fileURLToPath } from 'node:url';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import type { LocalWorld } from '../support/local.ts';

/** The inspector of a gateway as its user sees it. */
export class Inspected {
  readonly page: Page;
  /** What Chromium complains of. */
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (line) => {
      if (line.type() === 'error' || line.type() === 'warning') this.complaints.push(line.text());
    });
  }

  /** Opens the URL that the gateway has printed. Resolves once the page is connected. */
  static async open(context: BrowserContext, { gateway }: LocalWorld): Promise<Inspected> {
    const inspected = new Inspected(await context.newPage());
    await inspected.page.addInitScript({ path: fileURLToPath(new URL('in-page.js', import.meta.url)) });
    await inspected.page.goto(printedUrl(gateway));
    await inspected.says('Connected');
    return inspected;
  }

  /** Waits until the line about the connection says this. */
  async says(text: string): Promise<void> {
    await this.page.locator('#connection').filter({ hasText: text }).waitFor();
  }

  /** The rows of hooks, newest first; only those that contain all of these texts. */
  hooks(...texts: readonly string[]): Locator {
    return containing(
      this.page.getByRole('grid', { name: 'Hooks' }).locator('tbody').getByRole('row'),
      texts,
    );
  }

  /** The sockets in the list that contain all of these texts. */
  sockets(...texts: readonly string[]): Locator {
    return containing(this.page.getByRole('listbox', { name: 'Sockets' }).getByRole('option'), texts);
  }

  /** The panel of the hook that is open. */
  get details(): Locator {
    return this.page.locator('#details');
  }

  /** Opens the newest hook that contains these texts. Resolves once its request is shown. */
  async openHook(...texts: readonly string[]): Promise<Locator> {
    await this.hooks(...texts)
      .first()
      .click();
    await this.request.waitFor();
    return this.details;
  }

  /** The request of the hook that is open, as on the wire. */
  get request(): Locator {
    return this.details.getByRole('region', { name: 'The request' });
  }

  /** The answer of the hook that is open. */
  get answer(): Locator {
    return this.details.getByRole('region', { name: 'The answer' });
  }

  /** What is focused, by its id or its text; empty if nothing is. */
  focused(): Promise<string> {
    return this.page.evaluate<string>('inPage.focused()');
  }
}

/** The URL that opens the inspector. Throws if the gateway has none. */
export function printedUrl({ inspectorUrl }: LocalWorld['gateway']): string {
  if (inspectorUrl === undefined) throw new Error('The gateway has no inspector.');
  return inspectorUrl;
}

function containing(all: Locator, texts: readonly string[]): Locator {
  return texts.reduce((found, hasText) => found.filter({ hasText }), all);
}
