import { App, Chart, YamlOutputType } from 'cdk8s';
import { Namespace } from 'cdk8s-plus-28';
import { CeleryChart } from './chart';

// One file, so that the namespace is applied before what is in it.
const app = new App({ yamlOutputType: YamlOutputType.FILE_PER_APP });

const namespace = new Chart(app, 'namespace');
new Namespace(namespace, 'namespace', {
  metadata: { name: '{{name}}', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
});

const celery = new CeleryChart(app, 'celery', { namespace: '{{name}}' });
celery.addDependency(namespace);

app.synth();
