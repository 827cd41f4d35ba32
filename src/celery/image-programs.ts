import { Image, isFlower } from './image';

/** Clients of servers, each in the image of that server only. */
const CLIENTS = 'redis-cli|valkey-cli|rabbitmqctl|rabbitmq-diagnostics|rabbitmqadmin|psql|pg_isready|mysql|mysqladmin|mongosh|mongo';

/** What an image has nothing of, by its distribution. */
const SLIM = new RegExp(`^(nc|ncat|netcat|telnet|ping|nslookup|dig|host|curl|wget|ps|pgrep|pkill|killall|top|lsof|ss|netstat|jq|git|wait-for-it|${CLIENTS})$`);
const DEBIAN = new RegExp(`^(nc|ncat|netcat|telnet|ping|nslookup|dig|killall|lsof|ss|netstat|jq|wait-for-it|${CLIENTS})$`);
const BUSYBOX = new RegExp(`^(bash|curl|jq|git|dig|ncat|wait-for-it|${CLIENTS})$`);

/** The programs that an image of known content is made for. */
const OWN: ReadonlyMap<string, RegExp> = new Map([
  ['redis', /^redis-cli$/], ['valkey', /^(valkey|redis)-cli$/], ['postgres', /^(psql|pg_isready|bash)$/],
]);

const isKnown = ({ official, repository }: Image): boolean => official || repository === 'valkey/valkey';

function lacking(image: Image): RegExp | undefined {
  if (isFlower(image)) return BUSYBOX;
  if (!isKnown(image)) return undefined;
  const { name, tag = '' } = image;
  if (name === 'busybox' || name === 'alpine') return BUSYBOX;
  if (!['python', ...OWN.keys()].includes(name) || /windows/.test(tag)) return undefined;
  if (tag.includes('alpine')) return BUSYBOX;
  // Without slim that of Python has what it takes to build packages.
  return name === 'python' && !tag.includes('slim') ? DEBIAN : SLIM;
}

/** Python is in its own images, and in those of distributions and servers of which this is known it is not. */
const WITHOUT_PYTHON = /^(redis|valkey|alpine|busybox)$/;

/** Whether an image, of the official ones whose content is known, has no program of this name. */
export function lacksProgram(image: Image, program: string): boolean {
  if (isKnown(image) && WITHOUT_PYTHON.test(image.name) && /^python[\d.]*$/.test(program)) return true;
  return lacking(image)?.test(program) === true && OWN.get(image.name)?.test(program) !== true;
}

/** Whether an image starts its arguments as a command, where no command is given: it has no entrypoint, or one that runs other programs. */
export function startsArguments(image: Image): boolean {
  return isKnown(image) && /^(python|alpine|busybox|redis|valkey)$/.test(image.name);
}
