import { Image } from './image';

/** A product whose image has a broker by default, and what it reads another one from. */
export interface ProductBroker {
  readonly of: (image: Image) => boolean;
  /** One of these gives it the broker. */
  readonly variables: readonly string[];
  /** Only what starts a worker asks for it, or all that runs the image. */
  readonly words?: RegExp;
  /** The host that it tries without them. */
  readonly host: string;
  /** Where its configuration file is, which may name another. */
  readonly files: RegExp;
  /** The documentation of the default. */
  readonly source: string;
}

const withFile = (...names: readonly string[]): readonly string[] => names.flatMap((name) => [name, `${name}_FILE`]);

/** Whether a tag such as `2024.2.3` is of a release before that month. */
const isBefore = ({ tag = '' }: Image, year: number, month: number): boolean => {
  const [, ofYear, ofMonth] = /^(\d{4})\.(\d{1,2})(?=\.|-|$)/.exec(tag) ?? [];
  return ofYear !== undefined && (Number(ofYear) < year || (Number(ofYear) === year && Number(ofMonth) < month));
};

/** Images of others may have a Redis in them, as that of LinuxServer for paperless-ngx. */
export const PRODUCT_BROKERS: readonly ProductBroker[] = [
  {
    of: ({ repository }) => /^(paperless-?ngx\/paperless-ngx|jonaswinkler\/paperless-ng)$/.test(repository), variables: [...withFile('PAPERLESS_REDIS'), 'PAPERLESS_CONFIGURATION_PATH'],
    host: 'localhost', files: /^\/etc|paperless\.conf/, source: 'https://docs.paperless-ngx.com/configuration/#redis',
  },
  {
    // Later releases keep tasks in PostgreSQL.
    of: (image) => /^(goauthentik\/server|beryju\/authentik)$/.test(image.repository) && isBefore(image, 2025, 8),
    variables: ['AUTHENTIK_REDIS__HOST', 'AUTHENTIK_REDIS__URL', 'AUTHENTIK_BROKER__URL'], words: /^(ak )?(server|worker)$/,
    host: 'localhost', files: /^\/etc/, source: 'https://github.com/goauthentik/authentik/blob/version/2025.6.0/authentik/lib/default.yml',
  },
  {
    of: ({ repository }) => repository === 'redash/redash', variables: ['REDASH_REDIS_URL', 'REDIS_URL', 'REDASH_CELERY_BROKER', 'RQ_REDIS_URL'],
    words: /\b(server|(\w+_)?(worker|scheduler))$/, host: 'localhost', files: /\.env$/, source: 'https://redash.io/help/open-source/admin-guide/env-vars-settings/',
  },
  {
    of: ({ repository }) => repository === 'apache/airflow',
    variables: ['', '_CMD', '_SECRET'].map((end) => `AIRFLOW__CELERY__BROKER_URL${end}`), words: /\bcelery worker\b/,
    host: 'redis', files: /airflow\.cfg|^\/opt\/airflow$/, source: 'https://airflow.apache.org/docs/apache-airflow-providers-celery/stable/configurations-ref.html#broker-url',
  },
];
