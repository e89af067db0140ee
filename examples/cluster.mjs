// Several processes behind one port, each with an inspector of its own: node examples/cluster.mjs [MODEL] [WORKERS]
// kill -HUP restarts them one by one, for a new model or a new version: no request is lost. SIGTERM ends them all.
import cluster from "node:cluster";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { Inspector } from "uflow";
import { inspectionApp } from "./fastify/app.mjs";

const [model = "uflow-demo/plate.uflow", count = "2"] = process.argv.slice(2);
const workers = Number(count);

/** Milliseconds in which a worker that is to end asks its clients to leave: answers say `Connection: close`. */
const farewell = 1000;

let ending = false;

if (cluster.isPrimary) lead();
else await work();

function lead() {
  for (let i = 0; i < workers; i++) cluster.fork();
  cluster.on("listening", (worker, { port }) => {
    worker.listening = true;
    console.log(`Process ${worker.process.pid} is listening on http://127.0.0.1:${port}`);
  });
  cluster.on("exit", (worker) => {
    if (ending || worker.leaving) return;
    console.error(`Process ${worker.process.pid} died`);
    // One that never listened would not the next time either: the model cannot be opened, or the port is taken.
    if (worker.listening) cluster.fork();
  });
  let restarts = Promise.resolve();
  process.on("SIGHUP", () => {
    restarts = restarts.then(restart);
  });
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => {
      ending = true;
      for (const worker of Object.values(cluster.workers)) leave(worker);
    });
  }
}

/** One by one: the next is there before the one that it replaces goes. Where it does not come, the others stay. */
async function restart() {
  for (const old of Object.values(cluster.workers)) {
    if (ending) return;
    const heir = cluster.fork();
    await Promise.race([once(heir, "listening"), once(heir, "exit")]);
    if (heir.isDead()) return console.error("The other workers stay as they are");
    leave(old);
    await once(old, "exit");
  }
  console.log("All workers are new");
}

function leave(worker) {
  worker.leaving = true;
  worker.send("leave");
}

async function work() {
  const told = once(process, "message");
  // The cores are divided among the processes.
  const threads = Math.max(1, Math.floor(availableParallelism() / workers));
  const inspector = await Inspector.open(model, { threads });
  const app = inspectionApp(inspector);
  let leaving = false;
  app.addHook("onSend", async (_request, reply) => {
    if (leaving) reply.header("connection", "close");
  });
  await app.listen({ port: Number(process.env.PORT ?? 3000), host: "127.0.0.1" });
  // Ctrl-C goes to the whole group; it is the primary that says when to leave.
  process.on("SIGINT", () => {});
  await told;
  leaving = true;
  await delay(farewell);
  await app.close();
  await inspector.close();
  process.disconnect();
}
