import { dirname, join, relative, resolve, sep } from 'node:path';
import stylistic from '@stylistic/eslint-plugin';
import jsdoc from 'eslint-plugin-jsdoc';
import tseslint from 'typescript-eslint';

/** Every optional prop says what happens without it: `@default`. */
const defaultOfOptionalProp = {
  meta: { type: 'problem', schema: [], messages: { missing: 'The optional prop \'{{name}}\' needs a doc comment with @default.' } },
  create: (context) => ({
    'TSInterfaceBody > TSPropertySignature[optional=true]'(node) {
      const comment = context.sourceCode.getCommentsBefore(node).at(-1);
      if (!/@default \S/.test(comment?.value ?? '')) {
        context.report({ node, messageId: 'missing', data: { name: context.sourceCode.getText(node.key) } });
      }
    },
  }),
};

/** The layers of docs/architecture.md, and what each may import besides itself and SHARED. */
const LAYERS = {
  celery: [],
  manifests: ['celery'],
  rules: ['celery', 'manifests'],
  constructs: ['celery', 'manifests', 'rules'],
  cli: ['celery', 'manifests', 'rules'],
  index: ['constructs'],
};
/** Files of src/ itself that all layers use. They import only each other. */
const SHARED = ['memo', 'nearest', 'operations', 'package-root'];
/** The only ones that import cdk8s or constructs: `lint` is for everybody. */
const WITH_CDK8S = ['constructs', 'index'];

const SRC = join(import.meta.dirname, 'src');
const SUBJECTS = join(SRC, 'rules', 'subjects');
/** `rules` of src/rules/table.ts, `index` of src/index.ts and of src/ as a module. */
const layerOf = (file) => relative(SRC, file).split(sep)[0].replace(/\.ts$/, '') || 'index';

/** Each layer imports only what is below it, however it imports: as a value or a type, again exported, or when it is called. */
const layers = {
  meta: { type: 'problem', schema: [] },
  create({ filename, report }) {
    const own = layerOf(filename);
    const allowed = [own, ...SHARED, ...LAYERS[own] ?? []];
    const check = (source) => {
      const name = source?.type === 'TSLiteralType' ? source.literal.value : source?.value;
      const refuse = (why) => report({ node: source, message: `src/${own} must not import '${name}': ${why}. See docs/architecture.md.` });
      if (typeof name !== 'string') return;
      if (!name.startsWith('.')) {
        if (/^(cdk8s|constructs)([-/]|$)/.test(name) && !WITH_CDK8S.includes(own)) refuse('only src/constructs knows cdk8s');
        return;
      }
      const file = resolve(dirname(filename), name);
      if (!allowed.includes(layerOf(file))) refuse(`src/${layerOf(file)} is not below it`);
      if (dirname(filename) === SUBJECTS && dirname(file) === SUBJECTS) refuse('what two subjects need is the reader\'s, in src/manifests');
    };
    return {
      'ImportDeclaration, ExportNamedDeclaration, ExportAllDeclaration, ImportExpression, TSImportType': ({ source }) => check(source),
      'TSExternalModuleReference': ({ expression }) => check(expression),
      'CallExpression[callee.name="require"]': ({ arguments: [name] }) => check(name),
    };
  },
};

export default tseslint.config(
  // Made by programs.
  { ignores: ['lib/', 'build/', 'templates/', 'packed/', 'imports/', 'coverage/', '**/dist/', '.cache/', '.venv/', '**/.venvs/'] },
  stylistic.configs.customize({ quotes: 'single', semi: true, indent: 2, braceStyle: '1tbs', arrowParens: true, commaDangle: 'always-multiline' }),
  {
    rules: {
      // A message stands in one piece, so that it can be searched for.
      '@stylistic/max-len': ['error', { code: 150, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
      '@stylistic/max-statements-per-line': ['error', { max: 2 }],
      // A ternary or a chain that begins in the middle of a line goes on where it reads best.
      '@stylistic/indent': ['error', 2, { SwitchCase: 1, ignoredNodes: ['ConditionalExpression', 'TSConditionalType'] }],
      '@stylistic/indent-binary-ops': 'off',
      '@stylistic/multiline-ternary': 'off',
      '@stylistic/operator-linebreak': 'off',
      '@stylistic/quotes': ['error', 'single', { avoidEscape: true }],
      '@stylistic/quote-props': ['error', 'consistent-as-needed'],
    },
  },
  { files: ['bin/synth', 'bin/cdk8s-celery', 'bin/kubectl-celery', 'scripts/*.js'], languageOptions: { sourceType: 'commonjs' } },
  // Its first lines are for a shell.
  { files: ['bin/synth'], rules: { '@stylistic/semi': 'off', '@stylistic/spaced-comment': 'off' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/explicit-member-accessibility': 'error',
      // Values that are not texts are shown as JSON or as what they say of themselves.
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { house: { rules: { layers, 'default-of-optional-prop': defaultOfOptionalProp } } },
    rules: {
      'house/layers': 'error',
      '@typescript-eslint/no-shadow': 'error',
      // V8 keeps what the getters of an object literal see until the next full garbage collection: the App, with all that is in it.
      'no-restricted-syntax': ['error', { selector: 'ObjectExpression > Property[kind=/get|set/]', message: 'Use whenWritten() or a method.' }],
    },
  },
  {
    // The API: jsii carries these comments into API.md and into other languages.
    files: ['src/index.ts', 'src/constructs/*.ts', 'src/constructs/{brokers,runtime,health}/*.ts'],
    ignores: [
      // Not exported.
      'src/constructs/{rotation,shared-queues,shutdown-plan,visibility-timeout,worker-checks}.ts',
      'src/constructs/{app-content,celery-component,schedule-spec,settings}.ts', 'src/constructs/brokers/{bound-broker,{postgres,rabbitmq,redis,sentinel,sqs}-connection,result-backend-binding,tls-files}.ts', 'src/constructs/runtime/{bound-runtime,code-directory,install-script,requirements}.ts', 'src/constructs/health/agent.ts',
    ],
    plugins: { jsdoc },
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      // jsii has no `unknown`.
      '@typescript-eslint/no-explicit-any': 'off',
      'house/default-of-optional-prop': 'error',
      'jsdoc/require-jsdoc': ['error', {
        publicOnly: true,
        require: { ClassDeclaration: true, FunctionDeclaration: true, MethodDefinition: true },
        checkConstructors: false,
        contexts: [
          'TSInterfaceDeclaration', 'TSEnumDeclaration', 'TSEnumMember', 'TSTypeAliasDeclaration', 'TSPropertySignature', 'TSMethodSignature',
          'PropertyDefinition[accessibility="public"]', 'TSAbstractPropertyDefinition', 'TSAbstractMethodDefinition',
        ],
      }],
      'jsdoc/require-description': ['error', { contexts: ['TSInterfaceDeclaration', 'ClassDeclaration', 'TSPropertySignature'] }],
      'jsdoc/check-param-names': 'error',
      'jsdoc/no-types': 'error',
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      // Manifests are read from YAML.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
);
