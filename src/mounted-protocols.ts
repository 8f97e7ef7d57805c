import type { Engine } from "./core/protocol.ts";
import type { MountedRoutes } from "./http/app.ts";
import { HTTP_STATUS } from "./http/problem.ts";
import { copilotKitRoutes } from "./protocols/ag-ui/copilotkit.ts";
import { COPILOTKIT_DOCUMENT } from "./protocols/ag-ui/copilotkit-openapi.ts";
import type { OnNotice } from "./protocols/ag-ui/notices.ts";
import { AG_UI_DOCUMENT } from "./protocols/ag-ui/openapi.ts";
import { agUiRoutes } from "./protocols/ag-ui/routes.ts";
import { AI_SDK_DOCUMENT } from "./protocols/ai-sdk/openapi.ts";
import { aiSdkRoutes } from "./protocols/ai-sdk/routes.ts";
import { CEDAR_DOCUMENT, CEDAR_NOTIFICATIONS_DOCUMENT, CEDAR_VOICE_DOCUMENT } from "./protocols/cedar/openapi.ts";
import { cedarNotificationRoutes, cedarRoutes, cedarVoiceRoutes } from "./protocols/cedar/routes.ts";
import type { CedarOptions } from "./protocols/cedar/start.ts";
import { DURABLE_STREAMS_DOCUMENT } from "./protocols/durable-streams/openapi.ts";
import { durableStreamsRoutes } from "./protocols/durable-streams/routes.ts";
import { BRIDGE_DOCUMENT } from "./protocols/io-bridge/openapi.ts";
import { ioBridgeRoutes } from "./protocols/io-bridge/routes.ts";

/** What differs between servers. */
export interface ProtocolSettings {
  readonly aiSdkVersion: 5 | 6 | 7;
  readonly cedar?: CedarOptions | undefined;
  /** Hears of failures whose cause is kept from the caller. */
  readonly onFault: (error: unknown, about: { readonly correlationId: string; readonly method: string; readonly path: string }) => void;
  /** Hears of what a request holds that is served without it. */
  readonly onNotice: OnNotice;
}

/** Every protocol of a server, where it is mounted, with what the OpenAPI document says of it. */
export function mountedProtocols(engine: Engine, { aiSdkVersion, cedar, onFault, onNotice }: ProtocolSettings): readonly MountedRoutes[] {
  return [
    // Goes first: what is not Cedar's it leaves to the AI SDK.
    { path: "/api/chat", routes: cedarRoutes(engine, cedar), openapi: CEDAR_DOCUMENT },
    { path: "/api/voice", routes: cedarVoiceRoutes(), openapi: CEDAR_VOICE_DOCUMENT },
    { path: "/api/chat", routes: aiSdkRoutes(engine, { version: aiSdkVersion }), openapi: AI_SDK_DOCUMENT },
    { path: "/v1/runs", routes: durableStreamsRoutes(engine), openapi: DURABLE_STREAMS_DOCUMENT },
    { path: "/ag-ui", routes: agUiRoutes(engine, onNotice), openapi: AG_UI_DOCUMENT },
    { path: "/copilotkit", routes: copilotKitRoutes(engine, onNotice), openapi: COPILOTKIT_DOCUMENT },
    { path: "/io-bridge", routes: ioBridgeRoutes(engine, { statusOf: HTTP_STATUS, onFault }), openapi: BRIDGE_DOCUMENT },
  ];
}

/** What asks for no credentials, and so says nothing about anybody. */
export function openRoutes(): readonly MountedRoutes[] {
  return [{ path: "/api/chat/notifications", routes: cedarNotificationRoutes(), openapi: CEDAR_NOTIFICATIONS_DOCUMENT }];
}
