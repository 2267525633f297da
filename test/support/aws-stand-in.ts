import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen, readBody, send } from '../../local/http-server.ts';

/** A line that a function printed, as it would stand in CloudWatch Logs. */
type Line = Readonly<Record<string, unknown>>;

/** SSM, Lambda's configurations, CloudWatch Logs and CloudWatch, as a smoke test asks them, over what functions printed. */
export interface AwsStandIn {
  readonly url: string;
  /** Answers what a test breaks; undefined lets the stand-in answer itself. */
  fault: (operation: string, input: Line) => object | undefined;
  close(): Promise<void>;
}

/** What the stand-in answers from. */
export interface AwsStandInOptions {
  /** Values of SSM parameters, by name. */
  readonly parameters: () => Readonly<Record<string, string>>;
  /** What every function has in its environment. */
  readonly variables: Readonly<Record<string, string>>;
  /** All that the functions have printed so far. */
  readonly printed: () => string;
  /** The origin of the Invoke API. */
  readonly lambdaUrl: string;
}

const linesOf = (printed: string): Line[] =>
  printed.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []));

interface Embedded {
  readonly CloudWatchMetrics: readonly {
    readonly Namespace: string;
    readonly Dimensions: readonly (readonly string[])[];
    readonly Metrics: readonly { readonly Name: string }[];
  }[];
}

interface Asked {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
}

/** The sum of a metric as CloudWatch makes it of printed lines: namespace, name and the whole set of dimensions fit. */
const sumOf = (lines: readonly Line[], { Namespace, MetricName, Dimensions }: Asked): number => {
  const names = Dimensions.map(({ Name }) => Name).sort();
  const fitting = lines.filter(
    (line) =>
      ((line['_aws'] as Embedded | undefined)?.CloudWatchMetrics ?? []).some(
        (metric) =>
          metric.Namespace === Namespace &&
          metric.Metrics.some(({ Name }) => Name === MetricName) &&
          metric.Dimensions.some((set) => JSON.stringify([...set].sort()) === JSON.stringify(names)),
      ) && Dimensions.every(({ Name, Value }) => line[Name] === Value),
  );
  return fitting.flatMap((line) => line[MetricName]).reduce<number>((sum, value) => sum + Number(value), 0);
};

const operations: Readonly<Record<string, (input: Line, options: AwsStandInOptions) => object>> = {
  GetParameters: ({ Names }, { parameters }) => {
    const known = parameters();
    const names = Names as readonly string[];
    return {
      Parameters: names.filter((name) => name in known).map((name) => ({ Name: name, Value: known[name] })),
      InvalidParameters: names.filter((name) => !(name in known)),
    };
  },
  FilterLogEvents: ({ filterPattern, logGroupName }, { printed }) => {
    const [, id] = /^\{ \$\.request_id = "([^"]+)" \}$/.exec(String(filterPattern)) ?? [];
    const events = linesOf(printed()).filter(
      (line) => line['request_id'] === id && logGroupName === `/logs/${line['function']}`,
    );
    return { events: events.map((line) => ({ message: JSON.stringify(line) })) };
  },
  GetMetricStatistics: (input, { printed }) => {
    const sum = sumOf(linesOf(printed()), input as unknown as Asked);
    return { Label: input['MetricName'], Datapoints: sum === 0 ? [] : [{ Sum: sum, Unit: 'Count' }] };
  },
};

const functionPath = /^\/2015-03-31\/functions\/([^/]+)\/(configuration|invocations)$/;

/** Starts the stand-in on a port of 127.0.0.1. */
export const startAwsStandIn = async (options: AwsStandInOptions): Promise<AwsStandIn> => {
  const configurationOf = (arn: string) => ({
    State: 'Active',
    LoggingConfig: { LogGroup: `/logs/${decodeURIComponent(arn).split(':')[6]}` },
    Environment: { Variables: options.variables },
  });

  const answer = async (request: IncomingMessage, body: Buffer): Promise<Response> => {
    const [, arn = '', what] = functionPath.exec(request.url ?? '') ?? [];
    const target = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    const operation = what ?? target;
    const input = what === undefined ? JSON.parse(body.toString('utf8')) : { arn: decodeURIComponent(arn) };
    const broken = standIn.fault(operation, input);
    if (broken !== undefined) return Response.json(broken);
    if (what === 'configuration') return Response.json(configurationOf(arn));
    if (what === 'invocations')
      return fetch(`${options.lambdaUrl}${request.url}`, { method: 'POST', body: new Uint8Array(body) });
    return Response.json(operations[target]?.(input, options) ?? {});
  };

  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const answered = await answer(request, (await readBody(request, 1024 * 1024)) ?? Buffer.alloc(0));
    const { 'x-amzn-requestid': id } = Object.fromEntries(answered.headers);
    const headers = { 'Content-Type': 'application/x-amz-json-1.1', ...(id && { 'x-amzn-RequestId': id }) };
    send(response, answered.status, headers, await answered.text());
  });
  const { url, close } = await listen(server, 0);
  const standIn: AwsStandIn = { url, fault: () => undefined, close };
  return standIn;
};
