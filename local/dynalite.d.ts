declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** The part of dynalite's options that is used here; times in milliseconds. */
  interface Options {
    readonly createTableMs?: number;
    readonly deleteTableMs?: number;
    readonly updateTableMs?: number;
  }

  /** An HTTP server that speaks DynamoDB's protocol; its data lives in memory and goes when it closes. */
  function dynalite(options?: Options): Server;
  export = dynalite;
}
