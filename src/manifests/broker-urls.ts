import { BrokerUrl, parseUrl } from '../celery/url';
import { Container } from './pod/container';

const BROKER_VARIABLE = /(^|_)CELERY_(_?|.*_)BROKER(_URL)?$|^CE_BROKER_URL$|^AIRFLOW__CELERY__BROKER_URL$/;

/** The URLs that a container is given as the broker of Celery, by a variable or, as exporters are, by an option. */
export function brokerUrls({ env, words }: Container): readonly BrokerUrl[] {
  const texts = [...env.all()].flatMap(({ name, value, hidden }) => BROKER_VARIABLE.test(name) ? hidden ?? value ?? [] : []);
  words.forEach(({ text }, i) => {
    const given = /^--broker(?:-url)?(?:=(.*))?$/s.exec(text);
    if (given) texts.push(given[1] ?? words[i + 1]?.text ?? '');
  });
  return texts.flatMap((text) => parseUrl(text) ?? []);
}

/** Sends to Celery: some variable gives it the broker, whatever its value is. */
export function isProducer({ env }: Container): boolean {
  return [...env.all()].some(({ name }) => BROKER_VARIABLE.test(name));
}
