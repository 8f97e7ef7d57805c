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
import { DURABLE_STREAMS_DOCUMENT } from "./protocols/durable-streams/openapi.ts";
import { durableStreamsRoutes } from "./protocols/durable-streams/routes.ts";
import { BRIDGE_DOCUMENT } from "./protocols/io-bridge/openapi.ts";
import { ioBridgeRoutes } from "./protocols/io-bridge/routes.ts";

/** What differs between servers. */
export interface ProtocolSettings {
  readonly aiSdkVersion: 5 | 6 | 7;
  /** Hears of failures whose cause is kept from the caller. */
  readonly onFault: (error: unknown, about: { readonly correlationId: string; readonly method: string; readonly path: string }) => void;
  /** Hears of what a request holds that is served without it. */
  readonly onNotice: OnNotice;
}

/** Every protocol of a server, where it is mounted, with what the OpenAPI document says of it. */
export function mountedProtocols(engine: Engine, { aiSdkVersion, onFault, onNotice }: ProtocolSettings): readonly MountedRoutes[] {
  return [
    { path: "/api/chat", routes: aiSdkRoutes(engine, { version: aiSdkVersion }), openapi: AI_SDK_DOCUMENT },
    { path: "/v1/runs", routes: durableStreamsRoutes(engine), openapi: DURABLE_STREAMS_DOCUMENT },
    { path: "/ag-ui", routes: agUiRoutes(engine, onNotice), openapi: AG_UI_DOCUMENT },
    { path: "/copilotkit", routes: copilotKitRoutes(engine, onNotice), openapi: COPILOTKIT_DOCUMENT },
    { path: "/io-bridge", routes: ioBridgeRoutes(engine, { statusOf: HTTP_STATUS, onFault }), openapi: BRIDGE_DOCUMENT },
  ];
}
