import { packageText } from './package-root';

/** The Python programs of operations/, which run in a pod of the app: `python - JSON`, or `python -c PROGRAM JSON`. */
export type OperationName = 'depths' | 'drain' | 'requeue' | 'smoke';

/** The text of one of them, with what all of them begin with. */
export function operationText(name: OperationName): string {
  return packageText('operations', 'app.py') + packageText('operations', `${name}.py`);
}
