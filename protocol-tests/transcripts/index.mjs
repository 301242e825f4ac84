// All transcripts, in the order of their numbers.
import { requests } from "./requests.mjs";
import { polling } from "./polling.mjs";
import { websocket } from "./websocket.mjs";
import { upgrades } from "./upgrade.mjs";
import { closings } from "./closing.mjs";
import { socketioText } from "./socketio-text.mjs";
import { socketioBinary } from "./socketio-binary.mjs";
import { socketioConnection } from "./socketio-connection.mjs";
import { eio3 } from "./eio3.mjs";
import { roomTranscripts } from "./rooms.mjs";
import { answerTranscripts } from "./answers.mjs";
import { listenerTranscripts } from "./listeners.mjs";
import { recoveryTranscripts } from "./recovery.mjs";
import { optionTranscripts } from "./options.mjs";
import { suiteTranscripts } from "./suites.mjs";

/**
 * A transcript: `play(recorder)` sends bytes and writes down what comes back. `server` is the fixture it talks to.
 * `offsets` says that its events carry offsets. `trunkline` pins a listed difference: the lanes in which Trunkline's record is not the reference's.
 */
export const transcripts = [
  ...requests, ...polling, ...websocket, ...upgrades, ...closings, ...socketioText, ...socketioBinary, ...socketioConnection,
  ...eio3,
  ...roomTranscripts, ...answerTranscripts, ...listenerTranscripts, ...recoveryTranscripts,
  ...suiteTranscripts, ...optionTranscripts,
].map((transcript) => ({ server: "conformance", ...transcript }))
  .sort((left, right) => left.id.slice(1) - right.id.slice(1));

for (const [at, { id }] of transcripts.entries()) {
  if (!/^T\d{3,4}$/.test(id)) throw new Error(`${id} is no transcript number`);
  if (transcripts[at - 1]?.id === id) throw new Error(`${id} is there twice`);
}
