import {
  type AttributeValue,
  type Context,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { VoxpoolError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Span, SpanAttributes } from "../base/span.ts";

export interface TracingOptions {
  /** Where traces go, by OTLP over HTTP: `http://collector:4318`. */
  readonly endpoint: string;
  /** How many of a hundred requests are traced, unless their caller has decided. */
  readonly samplePercent: number;
  readonly version: string;
  readonly log: Log;
  /** The SDK, which is installed by whoever wants traces. */
  readonly load?: () => Promise<Sdk>;
}

export interface Tracing {
  /** @param traceparent the caller's trace, as its header has it (W3C Trace Context) */
  readonly start: (name: string, attributes: SpanAttributes, traceparent?: string) => Span;
  /** Sends what is left, as far as somebody takes it soon. */
  readonly close: () => Promise<void>;
}

const loadSdk = async () => {
  const [sdk, exporter, resources] = await Promise.all([
    import("@opentelemetry/sdk-trace"),
    import("@opentelemetry/exporter-trace-otlp-http"),
    import("@opentelemetry/resources"),
  ]);
  return { sdk, exporter, resources };
};
type Sdk = Awaited<ReturnType<typeof loadSdk>>;

const packages = "@opentelemetry/sdk-trace @opentelemetry/exporter-trace-otlp-http @opentelemetry/resources";
/** Nobody waits longer for a collector when the server ends. */
const closeWaitMs = 2000;

/** @throws VoxpoolError `config_invalid`: the SDK is not installed, the endpoint is no URL */
export async function openTracing({ load = loadSdk, ...options }: TracingOptions): Promise<Tracing> {
  const { endpoint, samplePercent, version, log } = options;
  const url = tracesUrl(endpoint);
  const { sdk, exporter, resources } = await load().catch(notInstalled);
  const otlp = new exporter.OTLPTraceExporter({ url });
  const provider = new sdk.TracerProvider({
    resource: resources.resourceFromAttributes({ "service.name": "voxpool", "service.version": version }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(samplePercent / 100) }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter: telling(otlp, url, log) })],
  });
  const tracer = provider.getTracer("voxpool", version);
  return {
    start: (name, attributes, traceparent) => {
      return startSpan(tracer, name, attributes, { parent: contextOf(traceparent), kind: SpanKind.SERVER });
    },
    async close() {
      const patience = Promise.withResolvers<void>();
      const timer = setTimeout(patience.resolve, closeWaitMs);
      await Promise.race([provider.shutdown().catch(() => undefined), patience.promise]);
      clearTimeout(timer);
    },
  };
}

function tracesUrl(endpoint: string): string {
  const url = URL.parse(endpoint);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new VoxpoolError("config_invalid", {
      source: "tracing.otlp_endpoint",
      detail: "write a URL, for example http://127.0.0.1:4318",
    });
  }
  if (url.pathname === "/") url.pathname = "/v1/traces";
  return url.href;
}

function notInstalled(error: unknown): never {
  throw new VoxpoolError(
    "config_invalid",
    { source: "tracing.otlp_endpoint", detail: `traces need packages that are not installed: npm install ${packages}` },
    { cause: error },
  );
}

/** The exporter, whose first failure of a row is told. */
function telling<E extends InstanceType<Sdk["exporter"]["OTLPTraceExporter"]>>(exporter: E, url: string, log: Log): E {
  let isFailing = false;
  const send = exporter.export.bind(exporter);
  exporter.export = (spans, done) =>
    send(spans, (result) => {
      const isFailed = (result.code as number) !== 0;
      if (isFailed && !isFailing) {
        log.warn(
          { url: new URL(url).origin, detail: result.error?.message },
          "Traces cannot be sent; they are dropped",
        );
      }
      isFailing = isFailed;
      done(result);
    });
  return exporter;
}

interface Place {
  readonly parent: Context;
  readonly kind?: SpanKind;
}

function startSpan(tracer: Tracer, name: string, attributes: SpanAttributes, { parent, kind }: Place): Span {
  const own = { attributes: attributes as Record<string, AttributeValue>, ...(kind !== undefined && { kind }) };
  return wrapped(tracer, tracer.startSpan(name, own, parent), parent);
}

function wrapped(tracer: Tracer, span: OtelSpan, parent: Context): Span {
  return {
    traceId: span.spanContext().traceId,
    child: (name, attributes = {}) => startSpan(tracer, name, attributes, { parent: trace.setSpan(parent, span) }),
    set: (attributes) => void span.setAttributes(attributes),
    end(reason) {
      if (reason !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: reason });
      span.end();
    },
  };
}

/** The caller's place in its trace; whatever has another form than the header is no place. */
function contextOf(traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] = /^00-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/.exec(traceparent ?? "") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return ROOT_CONTEXT;
  const traceFlags = Number.parseInt(flags, 16) & 1;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}
