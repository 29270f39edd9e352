import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Numbers and booleans read well in templates; everything else is still refused.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `() => act()` for what returns nothing is how handlers are written here.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // An index that was checked a line above is known to be there; `as` says so where the compiler cannot see it.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // A handler that does nothing says why in its comment.
      '@typescript-eslint/no-empty-function': 'off',
      // Frames come from outside: their types are numbers until they are looked at.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['**/*.ts'],
    ignores: ['src/store/sqlite/database/driver.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'better-sqlite3',
              allowTypeImports: true,
              message: 'Which release this Node can run: src/store/sqlite/database/driver.ts.',
            },
          ],
        },
      ],
    },
  },
  {
    // What a reader can hold in mind. Where something is longer for a reason, it says which.
    files: ['src/**/*.ts', 'src/**/*.tsx'],
    rules: {
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 4],
      'max-depth': ['error', 3],
      complexity: ['error', 12],
      '@typescript-eslint/no-shadow': 'error',
    },
  },
  {
    // What each session or message makes. Node 20 takes a microsecond for each property that is new behind a spread, and more for the next.
    files: ['src/{auth,bytes,message,net,pop3,session,smtp}/**/*.ts', 'src/cluster/worker/{arrivals,*sessions}.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ObjectExpression > SpreadElement[argument.type=/^(Object|Logical)Expression$/] ~ Property',
          message:
            'Put spreads last, where every session or message makes it: docs/decisions/0022-what-made-it-fast.md.',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    // chai's assertions are expressions.
    rules: { '@typescript-eslint/no-unused-expressions': 'off' },
  },
  { files: ['**/*.js'], languageOptions: { globals: { process: 'readonly', console: 'readonly' } } },
);
