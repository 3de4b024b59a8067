// Imports a file into an instrumented Redux store, as the Import button of Redux DevTools does, and says what is there.
//
//   node import.mjs FILE recompute|noRecompute [ACTION...]
//
// Of the file in its short form the unwrapping is that of redux-devtools-utils/src/importState.ts. The reducer sets
// `state[key] = value` for {type: "set", payload: {key, value}} and leaves the state alone otherwise.
import { readFileSync } from "node:fs";
import { instrument } from "@redux-devtools/instrument";
import jsan from "jsan";
import { createStore } from "redux";

const [file, mode, ...actions] = process.argv.slice(2);

function reducer(state = { none: true }, action) {
  if (action.type === "broken") throw new Error("told to");
  return action.type === "set" ? { ...state, [action.payload.key]: action.payload.value } : state;
}

function unwrapped(text) {
  const parsed = jsan.parse(text);
  if (!parsed.payload) return { nextLiftedState: parsed };
  const preloadedState = parsed.preloadedState && jsan.parse(parsed.preloadedState);
  return { nextLiftedState: jsan.parse(parsed.payload), preloadedState };
}

const store = createStore(reducer, undefined, instrument(undefined, { shouldCatchErrors: true }));
const { nextLiftedState, preloadedState } = unwrapped(readFileSync(file, "utf8"));
store.liftedStore.dispatch({
  type: "IMPORT_STATE", nextLiftedState, preloadedState, noRecompute: mode === "noRecompute",
});
for (const action of actions) store.dispatch(JSON.parse(action));
const { actionsById, stagedActionIds, computedStates, currentStateIndex, nextActionId } = store.liftedStore.getState();
const shown = { actionsById, stagedActionIds, computedStates, currentStateIndex, nextActionId, state: store.getState() };
process.stdout.write(JSON.stringify(shown));
