import { BrokerUrl, isAmqp, parseUrl } from '../celery/url';
import { lazy } from '../memo';
import { isOtherImage } from './hints';
import { Container } from './pod/container';
import { Process } from './process';
import { isOneOf, UrlUse, withoutSecrets } from './uses';
import type { World } from './world';

const BROKER_VARIABLE = /(^|_)CELERY_(_?|.*_)BROKER(_URL)?$|^CE_BROKER_URL$|^AIRFLOW__CELERY__BROKER_URL$|^PAPERLESS_REDIS$/;

/** The URLs that a container is given as the broker of Celery, by a variable or, as exporters are, by an option. */
export function brokerUrls({ env, words }: Container): readonly BrokerUrl[] {
  const texts = [...env.all()].flatMap(({ name, value, hidden }) => BROKER_VARIABLE.test(name) ? hidden ?? value ?? [] : []);
  words.forEach(({ text }, i) => {
    const given = /^--broker(?:-url)?(?:=(.*))?$/s.exec(text);
    if (given) texts.push(given[1] ?? words[i + 1]?.text ?? '');
  });
  return texts.flatMap((text) => parseUrl(text) ?? []);
}

export function isBrokerVariable(name: string): boolean {
  return BROKER_VARIABLE.test(name);
}

/** Sends to Celery: some variable gives it the broker, whatever its value is. */
export function isProducer({ env }: Container): boolean {
  return [...env.all()].some(({ name }) => BROKER_VARIABLE.test(name));
}

/** Something that connects to the broker, and the URLs that it is given. */
export interface BrokerClient {
  readonly container: Container;
  readonly urls: readonly UrlUse[];
  /** Undefined for what sends tasks, and is no process of Celery. */
  readonly process?: Process;
}

/** The processes of Celery, and the containers that send to them: some variable gives those the broker. */
export const brokerClients: (world: World) => readonly BrokerClient[] = lazy((world: World) => {
  const own = new Set(world.processes.map(({ container }) => container));
  return [
    ...world.processes.map((process) => {
      const { container, urls, link, broker } = process;
      return { container, urls: link && link !== broker ? [...urls, link] : urls, process };
    }),
    ...world.workloads.flatMap(({ containers }) => containers).flatMap((container) => {
      // Docker Compose gives one file of variables to databases, too.
      const urls = own.has(container) || isOtherImage(container.image) ? [] : producerUrls(container);
      return urls.length > 0 ? [{ container, urls }] : [];
    }),
  ];
});

/** The URLs of a client, and those of RabbitMQ that a process of Celery has in other variables: applications make settings of them. */
export function amqpUses({ container, urls, process }: BrokerClient): readonly UrlUse[] {
  if (!process) return urls;
  return [...urls, ...urlsOf(container, /./).filter(({ url, at, source }) => isAmqp(url) && !isOneOf(urls, at.path, source))];
}

function producerUrls(container: Container): UrlUse[] {
  return [...urlsOf(container, BROKER_VARIABLE), ...optionUrls(container)];
}

/** `--broker-url=URL` of an exporter. */
function optionUrls(container: Container): UrlUse[] {
  return container.words.flatMap(({ text, path, unresolved = [] }, i) => {
    const given = /^(--broker(?:-url)?)(?:=(.*))?$/s.exec(text);
    const url = given ? parseUrl(given[2] ?? container.words[i + 1]?.text ?? '') : undefined;
    return url ? [{ at: container.place(path), source: given![1], partial: unresolved.length > 0, text: url.text, url }] : [];
  });
}

function urlsOf(container: Container, names: RegExp): UrlUse[] {
  return [...container.env.all()].flatMap(({ name, value, hidden, path, partial, unresolved }) => {
    const url = names.test(name) ? parseUrl(hidden ?? value ?? '') : undefined;
    if (!url) return [];
    const use = { at: container.place(path), source: name, partial: partial || unresolved.length > 0 };
    return [hidden === undefined ? { ...use, text: url.text, url } : { ...use, ...withoutSecrets(url) }];
  });
}
