import { Image } from './image';

/** A product whose image reads ports, each with a default, from variables that Services make as well. */
interface ProductPorts {
  readonly of: RegExp;
  readonly variables: readonly string[];
}

const PRODUCT_PORTS: readonly ProductPorts[] = [
  // https://docs.paperless-ngx.com/troubleshooting/#gunicorn-fails-to-start-with
  { of: /(^|\/)paperless-ngx?$/, variables: ['PAPERLESS_PORT'] },
  // https://docs.weblate.org/en/latest/admin/install/docker.html#envvar-REDIS_PORT
  { of: /(^|\/)weblate$/, variables: ['REDIS_PORT', 'POSTGRES_PORT'] },
  // https://docs.dify.ai/en/getting-started/install-self-hosted/environments
  { of: /(^|\/)dify-api$/, variables: ['REDIS_PORT', 'DB_PORT'] },
];

/** The variables with a port that the product of an image reads. */
export function productPorts({ repository }: Image): readonly string[] {
  return PRODUCT_PORTS.find(({ of }) => of.test(repository))?.variables ?? [];
}
