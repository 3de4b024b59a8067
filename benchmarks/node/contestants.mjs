// What people use for this in Node. Each contestant: begin(state), act(step), state(), and where it can
// undo(), jump(steps), skip(index). Libraries are loaded on use, so that one that is missing costs its own row only.

import { change, changed } from "./steps.mjs";

const reducerOf = (initial) => (state = initial, action) => (action.type === "step" ? changed(state, action.step) : state);

/** Redux as its tutorial has it: every level on the way is spread. */
async function redux() {
  const { legacy_createStore: createStore } = await import("redux");
  let store;
  return {
    begin: (state) => (store = createStore(reducerOf(state))),
    act: (step) => store.dispatch({ type: "step", step }),
    state: () => store.getState(),
  };
}

/** Redux with the tasks in a Map that is copied, which V8 does faster than it spreads an object. */
async function reduxMap() {
  const { legacy_createStore: createStore } = await import("redux");
  const reduce = (state, { type, step }) => {
    if (type !== "step") return state;
    const [kind, at, value] = step;
    const tasks = new Map(state.tasks);
    if (kind === "set") tasks.set(at, { ...tasks.get(at), status: value });
    else if (kind === "add") tasks.set(at, { title: value, status: "planned" });
    else tasks.delete(at);
    return { ...state, tasks };
  };
  let store;
  return {
    begin: (state) => (store = createStore(reduce, { ...state, tasks: new Map(Object.entries(state.tasks)) })),
    act: (step) => store.dispatch({ type: "step", step }),
    state: () => ({ ...store.getState(), tasks: Object.fromEntries(store.getState().tasks) }),
  };
}

async function toolkit() {
  const { configureStore, createSlice } = await import("@reduxjs/toolkit");
  let store, stepped;
  return {
    begin(state) {
      const reducers = { stepped: (draft, action) => change(draft, action.payload) };
      const slice = createSlice({ name: "backlog", initialState: state, reducers });
      stepped = slice.actions.stepped;
      store = configureStore({ reducer: slice.reducer, devTools: false });
    },
    act: (step) => store.dispatch(stepped(step)),
    state: () => store.getState(),
  };
}

/** A log of patches both ways, for libraries that make them and keep nothing themselves. */
function patching(produce, apply) {
  let now, log = [];
  const undo = () => (now = apply(now, log.pop()[1]));
  return {
    begin: (state) => (now = state),
    act(step) {
      const [next, patches, inverse] = produce(now, step);
      now = next;
      log.push([patches, inverse]);
    },
    state: () => now,
    undo,
    jump(steps) {
      while (log.length > steps) undo();
    },
  };
}

async function immer() {
  const { produceWithPatches, applyPatches, enablePatches } = await import("immer");
  enablePatches();
  return patching((state, step) => produceWithPatches(state, (draft) => change(draft, step)), applyPatches);
}

async function mutative() {
  const { create, apply } = await import("mutative");
  return patching((state, step) => create(state, (draft) => change(draft, step), { enablePatches: true }), apply);
}

async function devtools() {
  const { legacy_createStore: createStore } = await import("redux");
  const { instrument, ActionCreators } = await import("@redux-devtools/instrument");
  let store, lifted;
  const index = () => lifted.getState().currentStateIndex;
  return {
    begin(state) {
      store = createStore(reducerOf(state), instrument());
      lifted = store.liftedStore;
    },
    act: (step) => store.dispatch({ type: "step", step }),
    state: () => store.getState(),
    undo: () => lifted.dispatch(ActionCreators.jumpToState(index() - 1)),
    jump: (steps) => lifted.dispatch(ActionCreators.jumpToState(steps)),
    skip: (place) => lifted.dispatch(ActionCreators.toggleAction(place + 1)),
  };
}

async function reduxUndo() {
  const { legacy_createStore: createStore } = await import("redux");
  const { default: undoable, ActionCreators } = await import("redux-undo");
  let store;
  return {
    begin: (state) => (store = createStore((undoable.default ?? undoable)(reducerOf(state)))),
    act: (step) => store.dispatch({ type: "step", step }),
    state: () => store.getState().present,
    undo: () => store.dispatch(ActionCreators.undo()),
    jump: (steps) => store.dispatch(ActionCreators.jumpToPast(steps)),
  };
}

async function zundo() {
  const { createStore } = await import("zustand/vanilla");
  const { temporal } = await import("zundo");
  let store;
  const past = () => store.temporal.getState();
  return {
    begin: (state) => (store = createStore(temporal(() => state))),
    act: (step) => store.setState((state) => changed(state, step)),
    state: () => store.getState(),
    undo: () => past().undo(),
    jump: (steps) => past().undo(past().pastStates.length - steps),
  };
}

async function mobxStateTree() {
  const { types, getSnapshot, recordPatches } = await import("mobx-state-tree");
  const Task = types.model({ title: types.string, status: types.string });
  let store, recorders = [];
  const doStep = (self, [kind, at, value]) => {
    const { tasks } = self;
    if (kind === "set") (Array.isArray(tasks) ? tasks[at] : tasks.get(at)).status = value;
    else if (kind === "add") tasks.set(at, { title: value, status: "planned" });
    else if (kind === "drop") tasks.delete(at);
    else if (kind === "insert") tasks.splice(at, 0, { title: value, status: "planned" });
    else tasks.splice(at, 1);
  };
  const undo = () => recorders.pop().undo();
  return {
    begin(state) {
      const tasks = Array.isArray(state.tasks) ? types.array(Task) : types.map(Task);
      const Backlog = types.model({ tasks }).actions((self) => ({ stepped: (step) => doStep(self, step) }));
      store = Backlog.create(state);
    },
    act(step) {
      const recorder = recordPatches(store);
      store.stepped(step);
      recorder.stop();
      recorders.push(recorder);
    },
    state: () => getSnapshot(store),
    undo,
    jump(steps) {
      while (recorders.length > steps) undo();
    },
  };
}

export const CONTESTANTS = { redux, reduxMap, toolkit, immer, mutative, devtools, reduxUndo, zundo, mobxStateTree };
