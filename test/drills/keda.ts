import { setTimeout as pause } from 'node:timers/promises';
import { Duration } from 'cdk8s';
import { eventually, kubectl, say } from '../e2e/harness';

/** As fast as is allowed with tasks of a minute. */
export const FAST = { scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] } };
/** Many pods on one node. */
export const SMALL = { requests: { cpu: '10m', memory: '128Mi' }, limits: { memory: '512Mi' } };
export const MINUTE = Duration.minutes(1);

/** What a drill asks of the autoscalers in its namespace. */
export class Keda {
  public constructor(private readonly namespace: string) {}

  /** The number that the HorizontalPodAutoscaler of a worker is given by KEDA. */
  public async number(worker: string): Promise<number> {
    const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${this.namespace}/composite-metric?labelSelector=scaledobject.keda.sh%2Fname%3D${worker}`;
    const { items } = JSON.parse(await kubectl(['get', '--raw', path])) as { items: { value: string }[] };
    return items[0].value.endsWith('m') ? Number(items[0].value.slice(0, -1)) / 1000 : Number(items[0].value);
  }

  /** Waits until the broker and KEDA both say this number. */
  public async counts(worker: string, inBroker: () => Promise<number>, number: number, seconds = 60): Promise<void> {
    await eventually(`${worker}: ${number} tasks, in the broker and by KEDA`, seconds, async () => {
      expect([await inBroker(), await this.number(worker)]).toEqual([number, number]);
    });
  }

  public async replicas(worker: string): Promise<number> {
    return Number(await kubectl(['get', 'deployment', worker, '-n', this.namespace, '-o', 'jsonpath={.spec.replicas}']));
  }

  /** Waits for a number of replicas; returns the seconds that it took, to a quarter of one. */
  public async scaled(worker: string, to: (count: number) => boolean, seconds: number): Promise<number> {
    const start = Date.now();
    for (;;) {
      const count = await this.replicas(worker);
      const passed = (Date.now() - start) / 1000;
      if (to(count)) {
        say(`${worker}: ${count} replicas after ${passed.toFixed(1)} s`);
        return passed;
      }
      if (passed > seconds) throw new Error(`${worker} has ${count} replicas after ${seconds} s`);
      await pause(250);
    }
  }
}
