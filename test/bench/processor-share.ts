import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = '/sys/fs/cgroup';

/** The length of a scheduler's period, microseconds: short, as Lambda's is said to be. */
const period = 20_000;

/** A share of the processors that processes can be held to. */
export interface ProcessorShare {
  /** Holds a running process to it, until it ends or is held to another. */
  hold(child: ChildProcess): void;
  /** Only once its processes have ended. */
  remove(): void;
}

/**
 * Makes a control group of the kernel, which needs the rights to: root, on most machines.
 *
 * @param share - of one processor, greater than 0; 2 is two whole ones.
 * @throws Error where the machine does not let us.
 */
export const processorShare = (share: number): ProcessorShare => {
  const quota = `${Math.round(share * period)}`;
  // Version 2 has one tree of groups, version 1 one for each thing that is shared.
  const unified = existsSync(join(root, 'cgroup.controllers'));
  const group = join(root, unified ? '' : 'cpu', `bench-${process.pid}-${randomUUID()}`);
  const write = (file: string, text: string) => writeFileSync(join(group, file), text);
  mkdirSync(group);
  // The most that the kernel takes as weight: what else the machine does steps back.
  write(unified ? 'cpu.weight' : 'cpu.shares', unified ? '10000' : '262144');
  if (unified) write('cpu.max', `${quota} ${period}`);
  else {
    write('cpu.cfs_period_us', `${period}`);
    write('cpu.cfs_quota_us', quota);
  }
  return {
    hold: ({ pid }) => write('cgroup.procs', `${pid}`),
    remove: () => rmdirSync(group),
  };
};
