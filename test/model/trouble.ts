/** How a call of AWS goes wrong. `lost`: it is carried out, and its answer never comes. */
export type Trouble = 'throttled' | 'lost';

/** The services of AWS that calls go to. */
export type Service = 'dynamodb' | 'sqs';

/** The next calls to a service go wrong. */
export interface Troubled {
  readonly do: 'trouble';
  readonly service: Service;
  readonly how: Trouble;
  readonly calls: number;
}

/** The troubles of AWS. */
export class Troubles {
  /** Whether there was any. */
  wereAny = false;
  readonly #next = new Map<Service, Troubled & { left: number }>();

  begin(trouble: Troubled): void {
    this.#next.set(trouble.service, { ...trouble, left: trouble.calls });
  }

  end(): void {
    this.#next.clear();
  }

  /** What goes wrong with the next call to a service. */
  of(service: Service): Trouble | undefined {
    const trouble = this.#next.get(service);
    if (trouble === undefined || trouble.left === 0) return undefined;
    trouble.left -= 1;
    this.wereAny = true;
    return trouble.how;
  }
}
