import { Logger } from '@aws-lambda-powertools/logger';
import { type Log, logCatalogue } from './log-catalogue.ts';

/** The catalogue's log on Powertools: one JSON line each; the level comes from `POWERTOOLS_LOG_LEVEL`. */
export const createLog = (serviceName: string): Log => {
  const logger = new Logger({ serviceName });
  return (event, fields) => {
    const { level, sentence } = logCatalogue[event];
    logger[level](sentence, { event, ...fields });
  };
};
