/** Another node holds the run: the attempt that gets this is over and may write nothing more. Never leaves the runner. */
export class LeaseLost extends Error {
  override readonly name: string = "LeaseLost";
  constructor(runId: string, epoch: number) {
    super(`attempt ${epoch} of run ${runId} no longer holds the lease`);
  }
}
