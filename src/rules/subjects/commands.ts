import { SUBCOMMANDS } from '../../celery/options';
import { codeFiles } from '../../manifests/code';
import { readCelery, startsProcess } from '../../manifests/command/celery-command';
import { missingPrograms } from '../../manifests/asked-servers';
import { baseName } from '../../manifests/command/command';
import { nearest } from '../../nearest';
import { Rule, unless } from '../rule';
import { Severity } from '../severity';

const SHELL = /^(sh|bash|ash|dash|zsh|ksh)$/;

/** Programs that take words like operators for themselves: `find ... -exec rm {} ;`, `tr ; ,`. */
const TAKES_THEM = /^(find|fd|xargs|tr|cut|sort|join|paste|column|awk|gawk|sed|grep|expr|test|\[|jq|yq)$/;

/** Operators of the shell, each as a word of its own. */
const OPERATORS: ReadonlySet<string> = new Set(['&&', '||', ';', '|', '&']);

/** Rules about command lines that start no Celery at all. */
export const commandRules: Rule[] = [
  {
    id: 'code/no-such-subcommand',
    severity: Severity.ERROR,
    title: 'Celery has no subcommand of this name',
    why: '`Error: No such command \'workers\'.`, exit code 2, and the container is restarted forever. With command: [celery] the arguments begin after it.',
    fix: 'Write the subcommand as `celery --help` lists it.',
    source: 'https://docs.celeryq.dev/en/stable/reference/cli.html',
    rows: ['C2'],
    on: 'commandContainers',
    check: (container, report) => {
      for (const invocation of container.invocations) {
        const command = readCelery(invocation);
        const word = command?.vendor === 'celery' && command.role === 'other' ? command.subcommand : undefined;
        if (!word || word.unknown || SUBCOMMANDS.includes(word.text)) continue;
        // An application may add subcommands of its own.
        const meant = word.text === 'celery' ? 'nothing: celery is there already' : nearest(word.text, SUBCOMMANDS);
        if (meant !== undefined) report({ at: container.place(word.path), value: word.text, allowed: meant });
      }
    },
  },
  {
    id: 'code/no-app',
    severity: Severity.WARNING,
    title: 'A worker or Beat is started without an application',
    why: 'Without -A Celery takes an empty application, with celeryconfig.py of the working directory if there is one: `Received unregistered task of type \'shop.tasks.add\'`, '
      + 'and the message is discarded. A Beat of it has no periodic tasks.',
    fix: 'Write celery -A shop worker, where shop/celery.py has the application.',
    source: 'https://docs.celeryq.dev/en/stable/getting-started/next-steps.html#about-the-app-argument',
    rows: ['C1'],
    on: 'processes',
    check: (process, report) => {
      if (!process.plain || !['worker', 'beat'].includes(process.role) || !process.container.ownsEntrypoint) return;
      const others = ['--config', '--loader', '--include', '--workdir'];
      if (!process.lacks('--app') || others.some((name) => !process.lacks(name)) || codeFiles(process.container).length > 0) return;
      if (process.command.options.has('--app') || [...process.container.env.all()].some(({ name }) => /CELERY_(APP|CONFIG|LOADER)/.test(name))) return;
      report({ at: process.commandPlace, value: `celery ${process.role}`, allowed: `celery -A ... ${process.role}`, unless: 'celeryconfig.py of the image names the tasks' });
    },
  },
  {
    id: 'code/shell-words-without-shell',
    severity: Severity.ERROR,
    title: 'The command has operators of a shell, and no shell runs it',
    why: 'Kubernetes starts the first word with all others as arguments: `cd` is no program (`exec: "cd": executable file not found in $PATH`), and `&&` is one more argument: '
      + '`Error: Got unexpected extra arguments (&& celery ...)`.',
    fix: 'Write [sh, -c, "cd /app && exec celery -A shop worker"], with the whole script as one word.',
    source: 'https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/#run-a-command-in-a-shell',
    rows: ['C2'],
    on: 'commandContainers',
    check: (container, report) => {
      const { words, ownsEntrypoint, invocations } = container;
      if (invocations.some(({ links }) => links.some(({ kind }) => kind === 'shell'))) return;
      const [first] = words;
      const script = words[1];
      // `sh "celery -A shop worker"`: the name of a file to a shell.
      if (first && SHELL.test(baseName(first.text)) && script && words.length === 2 && /^[a-z]\S*\s/.test(script.text) && !invocations.some(startsProcess)) {
        report({ at: container.place(script.path), value: script.text, allowed: '-c before the script', note: 'it is taken for the name of a file' });
        return;
      }
      const program = baseName(first?.text ?? '');
      const operator = first && !SHELL.test(program) && !TAKES_THEM.test(program) ? words.find(({ text }) => OPERATORS.has(text)) : undefined;
      if (!operator) return;
      report({
        at: container.place(operator.path), value: operator.text, allowed: 'sh -c with one word after it',
        ...unless(ownsEntrypoint && !/\.sh$|entry-?point/.test(program), 'the entrypoint of the image gives it to a shell'),
      });
    },
  },
  {
    id: 'code/no-such-program',
    severity: Severity.ERROR,
    title: 'The image does not have a program that the container runs',
    why: '`nc: not found` or `exec: "bash": executable file not found in $PATH`: an init container that waits in a loop waits forever, also for a server that is up, and any other container '
      + 'fails. The slim images have none of nc, curl, wget and ps, and those of Alpine no bash and no curl.',
    fix: 'Use an image with the program, such as busybox for nc and redis for redis-cli; or do the same in Python: socket.create_connection(("redis", 6379)).',
    source: 'https://github.com/oauth2-proxy/oauth2-proxy/issues/2654; the content of the official images, https://github.com/docker-library',
    rows: ['N96'],
    on: 'commandContainers',
    check: (container, report) => {
      for (const { program, path } of missingPrograms(container, container.invocations, container.words.map(({ text }) => text).join(' '))) {
        const script = container.words.find((word) => word.path === path && word.text.startsWith('/') && !/\s/.test(word.text) && baseName(word.text) !== program)?.text;
        report({ at: container.place(path), value: program, note: `${script === undefined ? '' : `${script} is written for it, and `}${container.image.text} has no ${program}` });
      }
    },
  },
  {
    id: 'code/blank-after-backslash',
    severity: Severity.ERROR,
    title: 'A blank follows the backslash at the end of a line of a script, so the command ends there',
    why: 'Only a backslash right before the end of the line continues it: Celery gets a blank for an argument and starts without the options of the next lines, which the shell runs as a '
      + 'command: `-l: not found`.',
    fix: 'Remove the blank after the backslash.',
    source: 'https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_02_01',
    rows: ['C2'],
    on: 'commandContainers',
    check: (container, report) => {
      if (!container.words.some(({ text }) => SHELL.test(baseName(text)))) return;
      for (const { text, path } of container.words) {
        // Comments and here-documents are no commands, and `IFS=\ ` has a blank for its value.
        const line = text.includes('<<') ? undefined : /^[ \t]*[^#\s].*[^=]\\[ \t]+$/m.exec(text.replace(/\n\s*$/, ''))?.[0];
        if (line !== undefined && text.includes('\n')) report({ at: container.place(path), value: `${line.trim()} `, allowed: 'no blank after it' });
      }
    },
  },
];
