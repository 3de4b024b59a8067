// Works a real instrumented store and writes what Redux DevTools would export of it: `lifted` or `short`, as jsan does.
//
//   node export.mjs lifted|short [LIFTED ACTION OR ACTION...]
//
// An action of the store is {"action": {...}}; anything else is dispatched to the lifted store, as a monitor does.
import { instrument } from "@redux-devtools/instrument";
import jsan from "jsan";
import { createStore } from "redux";

const [form, ...steps] = process.argv.slice(2);

function reducer(state = { shared: { list: [1, 2] }, values: {} }, action) {
  if (action.type === "broken") throw new Error("told to");
  if (action.type === "alias") return { ...state, alias: state.shared };
  if (action.type === "date") return { ...state, date: new Date(1500000000000), map: new Map([["k", 1]]), never: undefined };
  if (action.type === "set") return { ...state, values: { ...state.values, [action.key]: action.value } };
  return state;
}

const store = createStore(reducer, undefined, instrument(undefined, { shouldCatchErrors: true }));
for (const step of steps.map((text) => JSON.parse(text))) {
  if (step.action) store.dispatch(step.action);
  else store.liftedStore.dispatch(step);
}
const lifted = store.liftedStore.getState();
const short = () => ({
  payload: jsan.stringify(lifted.stagedActionIds.slice(1).map((id) => lifted.actionsById[id].action)),
  preloadedState: jsan.stringify(lifted.computedStates[0].state),
});
process.stdout.write(form === "lifted" ? jsan.stringify(lifted, null, null, true) : JSON.stringify(short(), null, "\t"));
