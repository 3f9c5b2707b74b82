// Why a request is refused: Kafka's error and the sentence that goes with it. A value, never thrown.

export class Refusal {
  readonly errorCode: number;
  readonly message: string;

  constructor(errorCode: number, message: string) {
    this.errorCode = errorCode;
    this.message = message;
  }
}
