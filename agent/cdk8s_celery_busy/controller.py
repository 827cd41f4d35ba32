"""Marks the pods of workers that run tasks, so that Kubernetes removes idle ones first.

Every five seconds: one list of the pods, the `/status` of the agent in each of them, and a patch
of `controller.kubernetes.io/pod-deletion-cost` where a pod has begun to work, or has been idle for
half a minute. Nothing is kept but since when pods are idle, so that a restart loses nothing.

A pod that does not answer keeps its mark: it may be at work.
"""
import http.client
import json
import os
import signal
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List, NamedTuple, Optional
from urllib.parse import quote

ANNOTATION = 'controller.kubernetes.io/pod-deletion-cost'
BUSY = '100'            # of pods without the annotation it is 0
PERIOD = 5.0            # seconds between two looks
IDLE_FOR = 30.0         # until a pod is no longer taken for busy: short tasks would be patches
TIMEOUT = 2.0           # of an agent
HANG = 60               # seconds for one look, after which the container begins again
AT_ONCE = 16            # agents that are asked at a time
MAX_STATUS = 1 << 20    # bytes of an answer
ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'


class Pod(NamedTuple):
    name: str
    uid: str
    address: str
    port: int
    marked: bool


def read(name: str) -> str:
    with open(os.path.join(os.environ.get('CDK8S_CELERY_BUSY_ACCOUNT', ACCOUNT), name)) as file:
        return file.read().strip()


class Api:
    """The API server, on one connection for as long as it lasts."""

    def __init__(self) -> None:
        self.connection: Optional[http.client.HTTPSConnection] = None

    def request(self, method: str, path: str, body: Any = None) -> Any:
        if self.connection is None:
            account = os.environ.get('CDK8S_CELERY_BUSY_ACCOUNT', ACCOUNT)
            self.connection = http.client.HTTPSConnection(
                os.environ['KUBERNETES_SERVICE_HOST'], int(os.environ['KUBERNETES_SERVICE_PORT']),
                timeout=10,
                context=ssl.create_default_context(cafile=os.path.join(account, 'ca.crt')))
        # The kubelet replaces the token before it expires.
        headers = {'Authorization': f'Bearer {read("token")}', 'Accept': 'application/json'}
        if body is not None:
            headers['Content-Type'] = 'application/merge-patch+json'
        try:
            self.connection.request(method, path, body and json.dumps(body), headers)
            answer = self.connection.getresponse()
            text = answer.read()
        except Exception:
            self.connection.close()
            self.connection = None
            raise
        if answer.status == 404 and method == 'PATCH':
            return None                     # the pod has gone
        if answer.status >= 300:
            raise OSError(f'{method} {path}: {answer.status} {text[:200].decode(errors="replace")}')
        return json.loads(text)


def agent_port(spec: Dict[str, Any]) -> Optional[int]:
    """The port of the agent: it has a name."""
    for container in spec.get('containers', []):
        for port in container.get('ports', []):
            if port.get('name') == 'health':
                return int(port['containerPort'])
    return None


def pods_of(answer: Dict[str, Any]) -> List[Pod]:
    """The pods that can be asked, and are to stay."""
    found = []
    for item in answer.get('items', []):
        metadata, port = item['metadata'], agent_port(item['spec'])
        address = item.get('status', {}).get('podIP')
        if address and port and 'deletionTimestamp' not in metadata:
            marked = ANNOTATION in (metadata.get('annotations') or {})
            found.append(Pod(metadata['name'], metadata['uid'], address, port, marked))
    return found


def is_busy(pod: Pod) -> Optional[bool]:
    """Whether it runs a task; None where its agent does not say."""
    connection = http.client.HTTPConnection(pod.address, pod.port, timeout=TIMEOUT)
    try:
        connection.request('GET', '/status')
        active = json.loads(connection.getresponse().read(MAX_STATUS)).get('active')
    except (OSError, ValueError, AttributeError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return active > 0 if isinstance(active, int) else None


class Controller:
    def __init__(self, api: Api, namespace: str, selector: str) -> None:
        self.api = api
        self.path = f'/api/v1/namespaces/{quote(namespace)}/pods'
        self.selector = quote(selector)
        self.idle_since: Dict[str, float] = {}
        self.workers = ThreadPoolExecutor(AT_ONCE)

    def look(self, now: float) -> None:
        # From the memory of the API server, not from etcd.
        answer = self.api.request(
            'GET', f'{self.path}?labelSelector={self.selector}&resourceVersion=0')
        pods = pods_of(answer)
        known = {pod.uid for pod in pods}
        self.idle_since = {uid: at for uid, at in self.idle_since.items() if uid in known}
        for pod, busy in zip(pods, self.workers.map(is_busy, pods)):
            if busy:
                self.idle_since.pop(pod.uid, None)
                if not pod.marked:
                    self.mark(pod, BUSY)
            elif busy is False:
                since = self.idle_since.setdefault(pod.uid, now)
                if pod.marked and now - since >= IDLE_FOR:
                    self.mark(pod, None)

    def mark(self, pod: Pod, cost: Optional[str]) -> None:
        self.api.request('PATCH', f'{self.path}/{quote(pod.name)}',
                         {'metadata': {'annotations': {ANNOTATION: cost}}})


def say(text: str) -> None:
    print(f'cdk8s_celery_busy: {text}', file=sys.stderr, flush=True)


def main(selector: str) -> None:
    # Process 1 of a container has no default actions.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGALRM, lambda *_: os._exit(1))
    controller = Controller(Api(), read('namespace'), selector)
    said = ''
    while True:
        started = time.monotonic()
        signal.alarm(HANG)
        try:
            controller.look(started)
            said = ''
        except Exception as exc:
            problem = f'{type(exc).__name__}: {exc}'
            if problem != said:
                say(problem)
            said = problem
        time.sleep(max(0.0, PERIOD - (time.monotonic() - started)))


if __name__ == '__main__':
    main(sys.argv[1])
