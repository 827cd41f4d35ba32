import { redactHost } from '../../celery/credentials';
import { LONGEST_OF_SQS, VISIBILITY_TIMEOUTS } from '../../celery/visibility-timeouts';
import { secretVariable } from '../kubernetes/env';
import { egressToServer } from '../network/server-address';
import * as checks from '../validation/checks';
import { Problem } from '../validation/problems';
import { duration, PropChecks, text, typed } from '../validation/props';
import { BrokerBinding } from './broker-binding';
import { QueueTrigger } from './queue-trigger';
import { PASSWORD, required } from './redis-connection';
import { SqsOptions } from './sqs-service';

const REGION = 'e.g. \'eu-central-1\'';

const OPTIONS: PropChecks<SqsOptions> = {
  region: required(text(REGION), `give ${REGION}`),
  queueNamePrefix: text('e.g. \'orders-\''),
  visibilityTimeout: duration,
  accessKeyId: PASSWORD,
  secretAccessKey: PASSWORD,
  endpoint: text('e.g. \'http://moto.test.svc.cluster.local:5000\''),
};

/** SQS has no fanout, by which commands reach all workers. */
export const WITHOUT_REMOTE_CONTROL = { worker_enable_remote_control: false } as const;

/** How an app uses SQS, and what is wrong with its options. */
export function sqsBinding(given: SqsOptions): { binding?: BrokerBinding; problems: Problem[] } {
  const { options, problems: wrong } = typed(given, OPTIONS, { prefix: 'broker' });
  const problems = [...wrong, ...checkSqs(options)];
  if (problems.length > 0) return { problems };
  const { region, queueNamePrefix, visibilityTimeout, accessKeyId, secretAccessKey, endpoint } = options;
  const { host, protocol } = endpoint === undefined ? { host: '', protocol: 'https:' } : new URL(endpoint);
  return {
    binding: {
      // Without credentials in the URL, boto3 finds those of the environment or of the role.
      url: { value: `sqs://${host}` },
      transport: 'sqs',
      extras: ['sqs'],
      env: [...secretVariable('AWS_ACCESS_KEY_ID', accessKeyId), ...secretVariable('AWS_SECRET_ACCESS_KEY', secretAccessKey), { name: 'AWS_DEFAULT_REGION', value: region }],
      settings: {
        ...WITHOUT_REMOTE_CONTROL,
        // What is given holds, however long the tasks are.
        ...(visibilityTimeout ? { broker_transport_options: { visibility_timeout: visibilityTimeout.toSeconds() } } : {}),
      },
      connectionSettings: {
        broker_transport_options: {
          region,
          visibility_timeout: visibilityTimeout?.toSeconds() ?? VISIBILITY_TIMEOUTS.sqs,
          // Long polling: each request to SQS is paid for.
          wait_time_seconds: 20,
          polling_interval: 1,
          ...(queueNamePrefix === undefined ? {} : { queue_name_prefix: queueNamePrefix }),
          ...(endpoint === undefined ? {} : { is_secure: protocol === 'https:' }),
        },
      },
      network: egressToServer(endpoint ?? 'https://sqs.amazonaws.com', {}),
      queueTrigger: trigger(options),
    },
    problems,
  };
}

/** How KEDA reads the queues, by their names: with the keys of the Secret, or else by the role of its own. */
function trigger({ region, accessKeyId, secretAccessKey, endpoint }: SqsOptions): QueueTrigger {
  const keys = Object.entries({ awsAccessKeyID: accessKeyId, awsSecretAccessKey: secretAccessKey })
    .flatMap(([parameter, secret]) => secret ? [{ parameter, name: secret.name, key: secret.key }] : []);
  return {
    type: 'aws-sqs-queue',
    metadata: { awsRegion: region, ...(endpoint === undefined ? {} : { awsEndpoint: endpoint }) },
    authentication: keys.length > 0 ? { secretTargetRef: keys } : { podIdentity: { provider: 'aws' } },
  };
}

function checkSqs({ region, queueNamePrefix, visibilityTimeout, accessKeyId, secretAccessKey, endpoint }: SqsOptions): Problem[] {
  const problem = (prop: string, value: unknown, wrong: string, fix: string): Problem => ({ prop: `broker.${prop}`, value, wrong, fix });
  const missing = accessKeyId && !secretAccessKey ? 'secretAccessKey' : secretAccessKey && !accessKeyId ? 'accessKeyId' : undefined;
  const seconds = visibilityTimeout && visibilityTimeout.toMilliseconds() / 1000;
  return [
    ...(region === undefined || /^[a-z]{2,}(-[a-z]+)+-\d+$/.test(region) ? [] : [problem('region', region, 'is not a region', `give ${REGION}`)]),
    ...(queueNamePrefix === undefined || /^[\w-]{1,60}$/.test(queueNamePrefix) ? [] : [problem(
      'queueNamePrefix', queueNamePrefix, 'is not the beginning of the name of a queue', 'use letters, digits, "-" and "_", at most 60 of them',
    )]),
    ...checks.seconds('broker.visibilityTimeout', visibilityTimeout),
    ...(seconds !== undefined && seconds > LONGEST_OF_SQS ? [problem(
      'visibilityTimeout', visibilityTimeout!.toHumanString(), 'is more than the 12 hours that SQS hides a message for', 'give at most Duration.hours(12)',
    )] : []),
    ...(missing === undefined ? [] : [problem(missing, undefined, 'is missing, and the other half of the credentials is given', 'give both, or neither for the role of the ServiceAccount')]),
    ...checkEndpoint(endpoint),
  ];
}

function checkEndpoint(endpoint: string | undefined): Problem[] {
  if (endpoint === undefined) return [];
  const problem = (wrong: string, fix: string): Problem[] => [{ prop: 'broker.endpoint', value: redactHost(endpoint), wrong, fix }];
  const { protocol, username, password } = URL.canParse(endpoint) ? new URL(endpoint) : { protocol: '' } as Partial<URL>;
  if (protocol !== 'http:' && protocol !== 'https:') return problem('is not an http or https URL', 'give e.g. \'http://moto.test.svc.cluster.local:5000\'');
  return username || password ? problem('has a user in it, and everybody who can read a manifest could read the password', 'leave it out: accessKeyId and secretAccessKey are used') : [];
}
