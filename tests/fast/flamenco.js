// A stand-in for Flamenco's manager: compiles a job as its documentation of job types says, and refuses what that does not know.
// Usage: node flamenco.js SCRIPT SETTINGS. Prints the compiled tasks, or what the script throws, as JSON.

const fs = require("fs"), vm = require("vm");
const TYPES = new Set(["bool", "int32", "float", "string"]), TASK_TYPES = new Set(["blender", "ffmpeg", "file-management", "misc"]);

class Command {
    constructor(name, parameters) {
        if (name !== "exec" || Object.keys(parameters).sort().join() !== "args,exe") throw new Error(`no such command: ${name}`);
        if (!parameters.args.every(arg => typeof arg === "string")) throw new Error("arguments are strings");
        Object.assign(this, { name, parameters });
    }
}

class Task {
    constructor(name, type) {
        if (!TASK_TYPES.has(type)) throw new Error(`no worker runs ${type}`);
        Object.assign(this, { name, type, commands: [], dependencies: [] });
    }
    addCommand(command) {
        if (!(command instanceof Command)) throw new Error("no command");
        this.commands.push(command);
    }
    addDependency(task) {
        if (!(task instanceof Task)) throw new Error("no task");
        this.dependencies.push(task.name);
    }
}

const context = vm.createContext({
    author: { Task: (name, type) => new Task(name, type), Command: (name, parameters) => new Command(name, JSON.parse(JSON.stringify(parameters))) },
});
const [script, given] = process.argv.slice(2);
const { JOB_TYPE, compileJob } = vm.runInContext(`${fs.readFileSync(script, "utf8")};({ JOB_TYPE, compileJob })`, context);
const settings = {};
for (const { key, type, default: preset } of JOB_TYPE.settings) {
    if (!key || !TYPES.has(type)) throw new Error(`setting ${key} has no known type`);
    settings[key] = preset;
}
for (const [key, value] of Object.entries(JSON.parse(given))) {
    if (!(key in settings)) throw new Error(`no such setting: ${key}`);
    settings[key] = value;
}
const tasks = [];
try {
    compileJob({ settings, addTask: task => tasks.push(task) });
    console.log(JSON.stringify({ label: JOB_TYPE.label, tasks }));
} catch (thrown) {
    if (typeof thrown !== "string") throw thrown;
    console.log(JSON.stringify({ thrown }));
}
