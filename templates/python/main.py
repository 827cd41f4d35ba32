from cdk8s import App, Chart, YamlOutputType
from cdk8s_plus_28 import Namespace

from chart import CeleryChart

# One file, so that the namespace is applied before what is in it.
app = App(yaml_output_type=YamlOutputType.FILE_PER_APP)

namespace = Chart(app, 'namespace')
Namespace(namespace, 'namespace', metadata={
    'name': '{{name}}',
    'labels': {'pod-security.kubernetes.io/enforce': 'restricted'},
})

celery = CeleryChart(app, 'celery', namespace='{{name}}')
celery.add_dependency(namespace)

app.synth()
