const LOOPBACK = /^(?:localhost|(?:[\w-]+\.)+localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i;

/** Whether a host name or address (without a port) can be reached from its own machine only. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK.test(host);
}
