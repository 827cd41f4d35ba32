import { App, Chart } from 'cdk8s';
import { IConstruct } from 'constructs';
import { RequiredProp, withMember } from './props';
import { CeleryApp } from '../celery-app';
import { RedisBroker } from '../brokers/redis-broker';
import { AppCode } from '../runtime/app-code';
import { PythonRuntime } from '../runtime/python-runtime';
import { Notes } from '../../memo';

/** The Apps of stand-ins. */
const standIns = new Notes<IConstruct, true>();

const isCeleryApp = withMember('_content', 'a CeleryApp', 'what new CeleryApp(...) made');

/** The app of a component. Where there is none, one that is in no manifest takes its place. */
export const CELERY: RequiredProp = {
  check: (prop, value, scope) => {
    const wrong = isCeleryApp(prop, value);
    if (wrong.length > 0 || scope === undefined) return wrong;
    const { node } = value as CeleryApp;
    return node.root === scope.node.root || standIns.get(node.root) ? [] : [{
      prop, value: node.path, wrong: 'is in another App of cdk8s, which writes the ConfigMaps that the pods mount', fix: 'make both in one App, in one chart or in several',
    }];
  },
  fix: 'give what new CeleryApp(...) made',
  instead: (scope: IConstruct) => {
    const app = new App();
    standIns.set(app, true);
    const chart = new Chart(app, 'unknown', { namespace: Chart.of(scope).namespace });
    return new CeleryApp(chart, 'unknown', {
      app: 'unknown', broker: new RedisBroker(chart, 'redis'), code: AppCode.fromInline({ 'unknown.py': '' }), runtime: PythonRuntime.fromImage('unknown:0'),
    });
  },
};
