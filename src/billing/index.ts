export type { SendResult, Sink } from "./sink.ts";
export { openMeterSink, type OpenMeterSinkOptions } from "./sinks/open-meter.ts";
export { stripeSink, type StripeMeter, type StripeSinkOptions } from "./sinks/stripe.ts";
export { webhookSink, type BilledMessage, type WebhookSinkOptions } from "./sinks/webhook.ts";
