// `npm run cost` writes docs/cost.md anew: what a million verifications cost in AWS, from what is counted and measured here.
import { writeFileSync } from 'node:fs';
import { costPage } from './cost-page.ts';

writeFileSync(new URL('../../docs/cost.md', import.meta.url), await costPage());
