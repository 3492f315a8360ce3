/** What a run has reached. */
export interface Reached {
  readonly sent: number;
  readonly handled: number;
  readonly waiting: number;
  readonly quarantined: number;
  readonly deadLettered: number;
}

const EVERY_MS = { terminal: 250, plain: 5_000 };

/** Tells how far a run is: one line that is rewritten on a terminal, a line now and then elsewhere. */
export class Progress {
  readonly #terminal: boolean;
  readonly #startedAt = Date.now();

  constructor(terminal: boolean) {
    this.#terminal = terminal;
  }

  /** Say something that stays. */
  say(text: string): void {
    this.#clear();
    process.stdout.write(`${this.#time()}  ${text}\n`);
  }

  /** Show what was reached, again and again, until the function that comes back is called. */
  show(look: () => Promise<Reached>): () => Promise<void> {
    let looking = Promise.resolve();
    const timer = setInterval(
      () => {
        looking = looking.then(async () => this.#line(await look()));
      },
      this.#terminal ? EVERY_MS.terminal : EVERY_MS.plain,
    );
    return async () => {
      clearInterval(timer);
      await looking;
      this.#clear();
    };
  }

  #line({ sent, handled, waiting, quarantined, deadLettered }: Reached): void {
    const text = `sent ${sent}, handled ${handled}, waiting ${waiting}, quarantined ${quarantined}, dead-lettered ${deadLettered}`;
    this.#clear();
    process.stdout.write(`${this.#time()}    ${text}${this.#terminal ? '' : '\n'}`);
  }

  #clear(): void {
    if (this.#terminal) process.stdout.write('\r\u001b[K');
  }

  #time(): string {
    return `${((Date.now() - this.#startedAt) / 1_000).toFixed(1).padStart(6)} s`;
  }
}
