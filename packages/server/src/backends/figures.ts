import { Counter, Gauge, type Registry } from 'prom-client';

/** Figures read when they are asked for: by label value, or one alone under ''. */
type Figures = () => Readonly<Record<string, number>>;

interface Named {
  readonly name: string;
  readonly help: string;
  /** Name of the label whose values are the figures' keys; none: there is one figure. */
  readonly label?: string;
}

/** Registers what goes up and down. */
export function gauge(registry: Registry, { name, help, label }: Named, figures: Figures): void {
  new Gauge({
    name,
    help,
    labelNames: label === undefined ? [] : [label],
    registers: [registry],
    collect() {
      for (const [key, value] of Object.entries(figures()))
        this.set(label === undefined ? {} : { [label]: key }, value);
    },
  });
}

/** Registers counts since the start that are kept elsewhere. */
export function counter(registry: Registry, { name, help, label }: Named, figures: Figures): void {
  new Counter({
    name,
    help,
    labelNames: label === undefined ? [] : [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [key, value] of Object.entries(figures()))
        this.inc(label === undefined ? {} : { [label]: key }, value);
    },
  });
}
