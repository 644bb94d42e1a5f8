// A job type for Flamenco (https://flamenco.blender.org): a film of Chromastrip, drawn in spans by any number of workers.
//
// In: the job's settings. Out: a task for each span, which draws into the cache that all workers share, and a last one, which puts the
// film together. See docs/farm.md.

const JOB_TYPE = {
    label: "Chromastrip Render",
    description: "Draw a film of Chromastrip in spans, then put it together",
    settings: [
        { key: "request", type: "string", subtype: "file_path", default: "",
          description: "What to draw: a file that Render on Farm or --save-request wrote" },
        { key: "frames", type: "int32", default: 0, propargs: {min: 0},
          description: "How many frames the request's film has; its job file says so" },
        { key: "span", type: "int32", default: 1000, propargs: {min: 1}, description: "How many frames a task draws" },
        { key: "device", type: "string", default: "auto", description: "What draws on each worker: auto, cpu, cuda, cuda:1, cuda:*" },
        { key: "map", type: "string", default: "",
          description: "Paths that are others on the workers, as FROM=TO; several are separated by semicolons" },
        { key: "blendfile", type: "string", subtype: "file_path", default: "", visible: "web",
          description: "Instead of a request: a .blend, for all of whose sounds one worker draws films" },
        { key: "chromastrip", type: "string", default: "chromastrip", visible: "web", description: "The workers' command" },
        { key: "blender", type: "string", default: "{blender}", visible: "hidden", description: "The workers' Blender" },
    ],
};

function compileJob(job) {
    const settings = job.settings;
    if (Boolean(settings.request) === Boolean(settings.blendfile)) {
        throw "Name a request or a .blend, one of them.";
    }
    if (settings.blendfile) {
        job.addTask(authorTask("films", settings.blender,
            ["--background", settings.blendfile, "--command", "chromastrip", "render", "--all"]));
        return;
    }
    const spans = authorSpans(settings);
    const finish = authorTask("film", settings.chromastrip, renderArgs(settings));
    for (const task of spans) {
        job.addTask(task);
        finish.addDependency(task); // only the whole film can be watched for flashes
    }
    job.addTask(finish);
}

function authorSpans(settings) {
    if (!(settings.frames >= 1)) {
        throw `The film has ${settings.frames} frames: set how many the request has.`;
    }
    if (!(settings.span >= 1)) {
        throw `A span has ${settings.span} frames: set at least 1.`;
    }
    const tasks = [];
    for (let first = 0; first < settings.frames; first += settings.span) {
        const end = Math.min(first + settings.span, settings.frames);
        tasks.push(authorTask(`frames-${first}-${end}`, settings.chromastrip, [...renderArgs(settings), "--frames", `${first}:${end}`]));
    }
    return tasks;
}

function renderArgs(settings) {
    const args = ["render", settings.request];
    if (settings.device && settings.device !== "auto") {
        args.push("--device", settings.device);
    }
    for (const map of (settings.map || "").split(";").filter(Boolean)) {
        args.push("--map", map);
    }
    return args;
}

function authorTask(name, exe, args) {
    const task = author.Task(name, "misc");
    task.addCommand(author.Command("exec", { exe: exe, args: args }));
    return task;
}
