import { ApiObject, App, Chart } from 'cdk8s';
import { External } from './invariants';
import { Manifests, render, synth } from './manifests';

/** A construct with all of its props. */
interface Complete<P, R extends keyof P> {
  /** `Required`: a prop that is new does not compile without a value here. */
  readonly props: (chart: Chart) => Required<P>;
  readonly make: (chart: Chart, props: P) => void;
  /** The props that can't be left out. */
  readonly required: readonly R[];
  /** Props whose value can't be but the default here. */
  readonly idle?: readonly (keyof P)[];
  readonly external?: External;
}

/** What is made, before anything is checked: a small part of the cost of `render`. */
function unchecked(define: (chart: Chart) => void): string {
  const chart = new Chart(new App(), 'chart', { namespace: 'test' });
  define(chart);
  return JSON.stringify(chart.node.findAll().filter(ApiObject.isApiObject).map((object) => object.toJson() as unknown));
}

/** What others need, such as a volume for a mount, is refused without it. */
function orMessage(make: () => string): string {
  try {
    return make();
  } catch (error) {
    return (error as Error).message;
  }
}

/** What all props together render. Fails if one of the optional ones does nothing: the manifests must be others without it. */
export function everyProp<P extends object, R extends keyof P>({ props, make, required, idle = [], external }: Complete<P, R>): Manifests {
  let names: (keyof P)[] = [];
  const complete = (chart: Chart): void => {
    const given = props(chart);
    names = Object.keys(given) as (keyof P)[];
    make(chart, given);
  };
  const [all, made] = [render(complete), unchecked(complete)];
  const exempt: readonly (keyof P)[] = [...required, ...idle];
  const changeNothing = names.filter((name) => !exempt.includes(name)).filter((name) => {
    const without = (chart: Chart): void => make(chart, { ...props(chart), [name]: undefined });
    return orMessage(() => unchecked(without)) === made && orMessage(() => render(without)) === all;
  });
  if (changeNothing.length > 0) throw new Error(`Props that change nothing: ${changeNothing.join(', ')}`);
  return synth((chart) => make(chart, props(chart)), external);
}
