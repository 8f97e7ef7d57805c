/** What a chat keeps in memory; the same shape in every version of `ai`. */
export class PlainChatState<Message> {
  status: "submitted" | "streaming" | "ready" | "error" = "ready";
  error: Error | undefined = undefined;
  messages: Message[];

  constructor(messages: readonly Message[]) {
    this.messages = [...messages];
  }

  pushMessage = (message: Message): void => {
    this.messages = [...this.messages, message];
  };

  popMessage = (): void => {
    this.messages = this.messages.slice(0, -1);
  };

  replaceMessage = (index: number, message: Message): void => {
    this.messages = this.messages.map((known, place) => (place === index ? message : known));
  };

  snapshot = <Thing>(thing: Thing): Thing => structuredClone(thing);
}
