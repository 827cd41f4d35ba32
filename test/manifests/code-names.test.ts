import { mixedInApp, mixedInModule, neededVariables } from '../../src/manifests/code-names';

const names = (found: ReturnType<typeof mixedInApp>) => found && `${found.old} ${found.other}`;

test.each([
  ['CELERY_TASK_SERIALIZER = "json"\ntask_acks_late = True\n', 'CELERY_TASK_SERIALIZER task_acks_late'], ['BROKER_URL: str = "x"\nworker_concurrency = 2\n', 'BROKER_URL worker_concurrency'],
  ['CELERY_ACKS_LATE = True\ntask_acks_late = True\nbroker_url = "x"\n', undefined], ['CELERY_ACKS_LATE = True\nBROKER_URL = "x"\n', undefined], ['task_acks_late = True\nTIMEOUT = 5\n', undefined],
  ['CELERY_BROKER_URL = "x"\nCELERY_ACKS_LATE = True\n', undefined], ['# BROKER_URL = "x"\nworker_concurrency = 2\n', undefined], ['def f():\n    BROKER_URL = "x"\nworker_concurrency = 2\n', undefined],
])('of a module %j: %s', (code, expected) => expect(names(mixedInModule(code))).toBe(expected));

test.each([
  ['app = Celery("a")\napp.conf.update(CELERYD_CONCURRENCY=2, task_acks_late=True)\n', 'CELERYD_CONCURRENCY task_acks_late'],
  ['app = Celery("a")\napp.conf.update({"CELERYD_CONCURRENCY": 2})\napp.conf.task_acks_late = True\n', 'CELERYD_CONCURRENCY task_acks_late'],
  ['app = Celery("a")\napp.conf.update(CELERYD_CONCURRENCY=2)\n', undefined], ['app = Celery("a")\napp.conf.update(task_acks_late=True)\n', undefined],
  ['app = Celery("a")\nother = Celery("b")\napp.conf.task_acks_late = True\nother.conf.CELERYD_CONCURRENCY = 2\n', undefined],
  ['app = Celery("a")\napp.config_from_object("x", namespace="CELERY")\napp.conf.update(CELERYD_CONCURRENCY=2, task_acks_late=True)\n', undefined],
  ['app = Celery("a")\nif app.conf.CELERYD_CONCURRENCY == 2: pass\napp.conf.task_acks_late = True\n', undefined],
])('of an application %j: %s', (code, expected) => expect(names(mixedInApp(code))).toBe(expected));

test.each([
  ['import os\nA = os.environ["A"]\nB = f(os.environ[\'B\'], os.environ["A"])\n', ['A', 'B']], ['os.environ["A"] = "1"\nB = os.environ["A"]\n', []], ['A = os.environ.get("A")\n', []],
  ['def f():\n    return os.environ["A"]\n', []], ['A = os.environ["A"] if "A" in os.environ else 1\n', []], ['try:\n    A = os.environ["A"]\nexcept KeyError:\n    A = 1\n', []],
  ['load_dotenv()\nA = os.environ["A"]\n', []], ['f = lambda: os.environ["A"]\n', []], ['# A = os.environ["A"]\n', []], ['assert os.environ["A"]\n', []], ['print(os.environ["A"] == "x")\n', ['A']],
])('variables of %j: %j', (code, expected) => expect(neededVariables(code).map(({ name }) => name)).toEqual(expected));
