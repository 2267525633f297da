import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const folder = '.github/workflows';
const workflows = readdirSync(folder).map(
  (file) => [file, readFileSync(`${folder}/${file}`, 'utf8')] as const,
);

describe.each(workflows)('%s', (_file, text) => {
  it('uses only what a commit or this repository fixes', () => {
    const used = [...text.matchAll(/\buses: (\S+)/g)].map(([, name]) => name);
    expect(used.length).toBeGreaterThan(0);
    for (const name of used) expect(name).toMatch(/^\.\/|^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
  });

  it('holds no key', () => {
    expect(text).not.toMatch(/secrets\.|secrets: inherit|access-key/);
  });

  it('begins with no more than reading', () => {
    const [, granted] = /\npermissions:(.*\n(?: {2}.*\n)*)/.exec(text) ?? [];
    expect([' {}\n', '\n  contents: read\n']).toContain(granted);
  });

  it('runs nothing of a stranger with rights', () => {
    expect(text).not.toContain('pull_request_target');
    // What GitHub puts in place of an expression would be code of whoever wrote it.
    for (const [run] of text.matchAll(/\brun: (\|\n(?:\s{10,}.*\n)+|.*\n)/g))
      expect(run).not.toContain('${{');
  });
});
