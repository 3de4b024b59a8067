// The steps of a contest on plain data: what `benchmarks/steps.py` does, for Node.

const task = (title) => ({ title, status: "planned" });

/** Does a step to a state that can be edited in place: plain data, or a draft. */
export function change(state, [kind, at, value]) {
  const { tasks } = state;
  if (kind === "set") tasks[at].status = value;
  else if (kind === "add") tasks[at] = task(value);
  else if (kind === "drop") delete tasks[at];
  else if (kind === "insert") tasks.splice(at, 0, task(value));
  else tasks.splice(at, 1);
}

/** Does a step to plain data that must not be edited: what is on the way to the change is copied. */
export function changed(state, [kind, at, value]) {
  const { tasks } = state;
  if (Array.isArray(tasks)) {
    const copy = tasks.slice();
    if (kind === "set") copy[at] = { ...tasks[at], status: value };
    else if (kind === "insert") copy.splice(at, 0, task(value));
    else copy.splice(at, 1);
    return { ...state, tasks: copy };
  }
  if (kind === "set") return { ...state, tasks: { ...tasks, [at]: { ...tasks[at], status: value } } };
  if (kind === "add") return { ...state, tasks: { ...tasks, [at]: task(value) } };
  const { [at]: _, ...rest } = tasks;
  return { ...state, tasks: rest };
}
