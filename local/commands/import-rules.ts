import { fileURLToPath } from 'node:url';
import { cruise } from '../import-rules/cruise.ts';

const { output, exitCode } = await cruise(fileURLToPath(new URL('../..', import.meta.url)), 'err');
process.stdout.write(`${output}`);
process.exitCode = exitCode === 0 ? 0 : 1;
