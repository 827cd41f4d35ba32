const FACTORS: Record<string, number> = {
  '': 1, 'n': 1e-9, 'u': 1e-6, 'm': 1e-3, 'k': 1e3, 'M': 1e6, 'G': 1e9, 'T': 1e12, 'P': 1e15, 'E': 1e18,
  'Ki': 2 ** 10, 'Mi': 2 ** 20, 'Gi': 2 ** 30, 'Ti': 2 ** 40, 'Pi': 2 ** 50, 'Ei': 2 ** 60,
};

/** As the API server reads them: digits with an exponent or a unit. Nothing sensible has more digits. */
const QUANTITY = /^([+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30}))(?:([eE][+-]?\d{1,3})|([KMGTPE]i|[numkMGTPE]))?$/;

export function isQuantity(value: unknown): boolean {
  return typeof value === 'number' ? Number.isFinite(value) : typeof value === 'string' && QUANTITY.test(value);
}

/** `512Mi`, `0.5`, `250m`, `1e3` of the Kubernetes API, as a number of bytes or cores. */
export function quantity(value: unknown): number | undefined {
  const match = QUANTITY.exec(typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '');
  return match ? Number(match[1] + (match[2] ?? '')) * FACTORS[match[3] ?? ''] : undefined;
}

const REDIS_UNITS: Record<string, number> = {
  '': 1, 'b': 1, 'k': 1000, 'kb': 1024, 'm': 1e6, 'mb': 2 ** 20, 'g': 1e9, 'gb': 2 ** 30,
};

/** `400mb` of a Redis configuration, in bytes. */
export function redisSize(value: string): number | undefined {
  const match = /^(\d+)([a-z]*)$/i.exec(value.trim());
  const unit = match?.[2].toLowerCase() ?? '?';
  return match && Object.hasOwn(REDIS_UNITS, unit) ? Number(match[1]) * REDIS_UNITS[unit] : undefined;
}

export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
